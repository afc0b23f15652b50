"""The words that names of prims are read with. All lower case."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Asset prefixes of engines and studios; only at the start of a name, upper case, before more words.
ASSET_PREFIXES = _words("SM SK SKM S BP MI M T TX PF PFB ABP A AS GEO MESH MDL OBJ PRP PROP CHR ENV SKEL SMC SMR STM ST P W")

#: Words that say how a prim was made or used and not what it is; dropped at both ends of a name.
TECHNICAL = _words(
    """
    main visual visuals vis viz geo geos geom geoms geometry mesh meshes grp group groups xform xforms transform node nodes
    render renderable proxy collision collisions collider col coll collidable object objects obj objs instance instances inst
    copy duplicate dup prim prims prototype proto static dynamic kinematic rigid rigidbody movable articulated articulation
    physics phys sim simready usd usda usdc usdz fbx glb gltf stl dae abc urdf mjcf mjc mujoco blender maya houdini unreal
    unity omniverse isaac nvidia polysurface polysurfaces poly nurbs subdiv subd
    """
)

#: Words that end a name without saying more; at its start they may ("model car", "high chair", "link" of a chain).
TECHNICAL_TAIL = TECHNICAL | _words(
    """
    link links joint joints site sites root model models shape shapes asset assets prop props lod low lowpoly highpoly
    hi lo high hp lp hires lores final export exported import imported temp tmp test new old default textured untextured retopo
    decimated simplified scaled hidden invisible visible
    """
)

#: Words for a thing's part in a task, behind what it is ("bin_start", "basket_goal").
TASK_TAIL = _words("goal goals start init initial target targets")

#: Games whose goals and targets are things ("soccer goal", "archery target").
SPORTS = _words("soccer football hockey handball lacrosse polo archery dart darts shooting field")

#: Words for helpers that a simulation or editor draws, wherever they are in a name ("robot0:mocap").
MARKER_WORDS = _words("mocap gizmo gizmos waypoint waypoints debug")

#: Words for helpers that name things too; a single shape that is called nothing else is a helper ("target0", "goal_site").
MARKER_ALONE = _words("marker markers target targets goal goals trigger triggers helper helpers collider colliders indicator")

#: Words that alone, or only with each other and technical words, do not say what a thing is.
UNINFORMATIVE = TECHNICAL_TAIL | _words(
    """
        cube cubes box boxes cylinder cylinders sphere spheres capsule capsules cone cones plane planes torus disk disc quad
        points curves pcube pcylinder psphere pplane ptorus pcone icosphere uvsphere tetmesh
        body bodies base part parts piece pieces component components element elements item items thing things entity entities
        actor actors target scene scenes stage world env environment level layer null empty locator dummy untitled noname
        unnamed unknown none misc other left right front back rear top bottom middle center centre upper lower inner outer
        first second third one two three looks materials material shader mat start end a b c d e f g h i j k l m n o p q r s t
        u v w x y z xyz surface surfaces solid solids volume reference payload content contents children child parent
        foreground background scenery backdrop frame
        """
)

#: Words for collections: a group with such a name is not a thing.
COLLECTIONS = _words(
    """
    furniture decor decoration decorations props assets items objects things stuff clutter interior exterior architecture
    structure structures building buildings room rooms set sets layout robots cameras lights lighting characters vehicles
    appliances plants fixtures equipment distractors obstacles static_objects
    """
)

#: Names of groups that hold a scene's things rather than the parts of one.
CONTAINERS = _words(
    """
    geometry geo geom geoms geos mesh meshes model models object objects group root scene world env environment level stage
    asset assets prop props content contents visual visuals
    """
)

#: What a floor, a wall and a ceiling are called, and what may follow ("wall left corner", "floor tile").
FLOOR_WORDS = _words("floor floors flooring ground")
WALL_WORDS = _words("wall walls backwall sidewall")
CEILING_WORDS = _words("ceiling ceilings")
ROOM_MODIFIERS = _words(
    """
    corner side north south east west interior exterior panel panels tile tiles slab section segment straight main leftcorner
    rightcorner short long big small large inner outer
    """
)

#: Kinds of places, for the setting; longest phrases first.
PLACES = (
    ("living", "room"), ("dining", "room"), ("meeting", "room"), ("conference", "room"), ("laundry", "room"),
    ("operating", "room"), ("waiting", "room"), ("server", "room"), ("class", "room"), ("bath", "room"), ("bed", "room"),
    ("machine", "shop"), ("parking", "lot"), ("loading", "dock"), ("kitchen",), ("bedroom",), ("bathroom",), ("livingroom",),
    ("office",), ("warehouse",), ("factory",), ("garage",), ("workshop",), ("laboratory",), ("lab",), ("classroom",),
    ("hospital",), ("restaurant",), ("cafe",), ("bar",), ("shop",), ("store",), ("supermarket",), ("library",), ("museum",),
    ("garden",), ("street",), ("city",), ("park",), ("forest",), ("studio",), ("hallway",), ("corridor",), ("lobby",),
    ("hall",), ("gym",), ("attic",), ("basement",), ("cellar",), ("farm",), ("greenhouse",), ("airport",), ("station",),
    ("house",), ("apartment",), ("yard",), ("backyard",), ("playground",), ("study",), ("nursery",), ("pantry",),
)  # fmt: skip

#: Parts of a robot that a whole one is named by where its first link is.
ROBOT_HAND_PARTS = _words("hand palm wrist forearm")
ROBOT_PARTS = ROBOT_HAND_PARTS | _words(
    "robot arm manipulator torso trunk pelvis chest waist hip hips spine mount pedestal fixed"
)

#: Things that hang at a ceiling or wall and are no part of it ("lamp ceiling").
FIXTURES = _words("lamp lamps light lights fan vent sensor speaker camera sprinkler")

#: What surrounds a scene and is nothing in it.
SURROUNDINGS = _words("sky skydome skysphere skybox dome horizon backdrop background surroundings")

#: Places that may as well be a thing: a library of books, a charging station, a toy house.
AMBIGUOUS_PLACES = _words("bar shop store library park station hall study nursery pantry house yard city street studio")

#: Words for the whole scene.
SCENE_WORDS = _words("scene world environment env room background")

#: How some places are written in words.
PLACE_NAMES = {
    ("livingroom",): "living room",
    ("class", "room"): "classroom",
    ("bath", "room"): "bathroom",
    ("bed", "room"): "bedroom",
    ("lab",): "laboratory",
}

#: Words for what stands behind the scene and is no thing of its own.
SCENERY = _words("background scenery backdrop")

#: Robots that are called by their model: "panda" is no bear.
ROBOT_MODELS = _words(
    """
    panda franka emika fr fr3 ur ur3 ur5 ur10 ur16 ur20 ur3e ur5e ur10e ur16e kuka iiwa lbr sawyer baxter jaco kinova gen
    gen2 gen3 xarm lite fanuc crx abb yumi irb denso yaskawa motoman staubli viper widowx so100 so101 koch aloha rizon
    flexiv doosan dofbot cobotta techman
    """
)

#: Default vendors and data sets whose name is not part of what a thing is called.
VENDOR_WORDS = (
    "akita",
    "ycb",
    "shapenet",
    "objaverse",
    "partnet",
    "sapien",
    "turbosquid",
    "chefmate",
    "sketchfab",
    "hssd",
    "gso",
)

# Words that names are glued from ("hingecabinet", "tablelink"). Only a name that is wholly made of them is split.
_PIECES = """
    air alarm apple arm back bag ball banana bar base basin basket bath bathtub bed bench bin blanket board body bolt book boot
    bottle bottom bowl box bread brush bucket burner button cab cabinet cable cake can candle cap car card cart case ceiling
    cereal chair chest clock closet cloth coat coffee container cooker cookie cooler corner couch counter cover crate cup
    curtain cushion cutting desk dining dish dispenser door double drawer dresser drill dryer dumbbell egg electric faucet
    fence file floor flower food fork frame freezer fridge front fruit frying game garbage gas glass glove grill guitar hair
    hammer hand handle hat heater helmet hinge holder hood hook hose house jar jug juice kettle key kitchen knife knob ladder
    lamp left lemon letter lever lid light machine magazine mailbox maker mat metal micro milk mirror mixer monitor mouse mug
    napkin nut office orange oven paint pallet pan panel paper peg pen pencil picture pillow pin pipe pitcher pizza plant plate
    plastic player plug pole pot power printer pump purse rack radio rail range refrigerator remote right robot rod roll
    roof rope rug salt sauce saucer scale screen screw shampoo sheet shelf shelves shirt shoe shovel shower side sink slide
    sliding soap soda sofa soup spatula speaker spice spoon spray stand stapler statue steel step stool storage stove strainer
    switch table tank tape tea telephone television tissue toaster toilet tomato tool top towel toy trash tray trolley tub
    tube turner umbrella utensil vase wall wardrobe washer washing watch water wheel whisk white wind window wine wire wood
    wooden wrench black blue brown gray green grey pink purple red yellow round square tall small large big
"""  # fmt: skip
PIECES = _words(_PIECES)

#: Words that stay whole although they are glued from pieces.
COMPOUNDS = _words(
    """
    armchair backpack bathroom bathtub bedroom blackboard bookcase bookshelf bookshelves bookend breadbox cardboard chessboard
    chopstick chopsticks clipboard cookbook countertop cupboard dashboard deckchair dishwasher doorbell doorframe doorknob
    dumbbell dustbin eggplant extinguisher eyeglasses fireplace flashlight floorboard flowerpot footstool forklift glassware
    handbag handrail hairbrush hairdryer headboard headphone headphones highchair hourglass keyboard laptop lampshade
    lightbulb lighthouse mailbox microwave motherboard motorbike motorcycle mousepad newspaper nightstand notebook pancake
    paperclip paintbrush pineapple pushcart saltshaker saucepan screwdriver seesaw shoebox sideboard skateboard snowman
    stepladder stopwatch stovetop strawberry suitcase sunglasses tabletop teacup teapot teaspoon toothbrush toothpaste
    toolbox typewriter wallet wallpaper warehouse washbasin washcloth watermelon waterfall wheelchair whiteboard windowsill
    wineglass workbench workstation backwall tablecloth tablespoon
    """
)
