"""Contacts by geometry: shapes that try the definitions, invariances, and an Embree oracle."""

from __future__ import annotations

import numpy as np
import pytest

from scenecap.capture.contacts import ContactBody, ContactSettings, MeshPiece, find_contacts
from scenecap.contract import Contact, ContactKind

from .contact_scenes import body, box, cylinder, lathe, sphere, yaw_matrix

FLOOR = body("/room/floor", box((-5, -5, -0.1), (5, 5, 0)), is_room=True)


def table(path: str = "/table", *, height: float = 0.75, leg: float = 0.04, matrix=None) -> ContactBody:
    top = box((-0.6, -0.4, height - 0.03), (0.6, 0.4, height))
    legs = [box((x, y, 0), (x + leg, y + leg, height - 0.03)) for x in (-0.55, 0.55 - leg) for y in (-0.35, 0.35 - leg)]
    return body(path, top, *legs, matrix=matrix)


def mug_mesh(*, radius: float = 0.04, height: float = 0.1, foot: float = 0.004):
    """Turned mug that stands on a ring; its base is hollow."""
    wall = 0.003
    return lathe(
        [
            (0, foot),
            (radius - 0.008, foot),
            (radius - 0.006, 0),
            (radius, 0),
            (radius, height),
            (radius - wall, height),
            (radius - wall, foot + 0.004),
            (0, foot + 0.004),
        ]
    )


def bin_meshes(size=(0.4, 0.5, 0.1), wall: float = 0.01):
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    return [
        box((-x, -y, 0), (x, y, wall)),
        box((-x, -y, 0), (-x + wall, y, z)),
        box((x - wall, -y, 0), (x, y, z)),
        box((-x, -y, 0), (x, -y + wall, z)),
        box((-x, y - wall, 0), (x, y, z)),
    ]


def moved(mesh, offset):
    return mesh[0] + np.asarray(offset, dtype=float), mesh[1]


def turned(mesh, degrees: float):
    angle = np.radians(degrees)
    return mesh[0] @ np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]]), mesh[1]


def of(contacts, child: str) -> dict[tuple[str, str], Contact]:
    return {(c.kind.value, c.parent): c for c in contacts if c.child == child}


def pairs(contacts) -> set[tuple[str, str, str]]:
    return {(c.child, c.kind.value, c.parent) for c in contacts}


# -------------------------------------------------------------------------------------------------- support

TILT = np.array([[1, 0, 0], [0, np.cos(0.5), np.sin(0.5)], [0, -np.sin(0.5), np.cos(0.5)]])


def on_edge():
    points, triangles = box((-0.1, -0.1, -0.1), (0.1, 0.1, 0.1))
    points = points @ TILT
    return points - [0, 0, points[:, 2].min()], triangles


def upright_sheet():
    return np.array([[-0.1, 0.0, 0.0], [0.1, 0.0, 0.0], [0.1, 0.0, 0.2], [-0.1, 0.0, 0.2]]), np.array([[0, 1, 2], [0, 2, 3]])


def bucket_without_bottom():
    return lathe([(0.1, 0.0), (0.12, 0.2), (0.115, 0.2), (0.095, 0.0)])


SHAPES = {
    "box": [box((-0.1, -0.05, 0), (0.1, 0.05, 0.15))],
    "mug": [mug_mesh()],
    "ball": [moved(sphere(0.05), (0, 0, 0.05))],
    "cone on its tip": [lathe([(0, 0), (0.1, 0.2), (0, 0.2)])],
    "stool on needles": [
        box((-0.15, -0.15, 0.4), (0.15, 0.15, 0.43)),
        *[moved(cylinder(0.002, 0.4), (x, y, 0.2)) for x in (-0.13, 0.13) for y in (-0.13, 0.13)],
    ],
    "box on its edge": [on_edge()],
    "sheet on edge": [upright_sheet()],
    "bucket without bottom": [bucket_without_bottom()],
    "flat card": [box((-0.1, -0.1, 0), (0.1, 0.1, 0.004))],
}


@pytest.mark.parametrize("gap", [-0.003, 0.0, 0.003])
@pytest.mark.parametrize("shape", SHAPES)
def test_everything_rests_with_small_gaps(shape, gap):
    thing = body("/thing", *SHAPES[shape], matrix=yaw_matrix(0, (0.1, 0.05, 0.75 + gap)))
    contacts = find_contacts([FLOOR, table(), thing])
    assert pairs(contacts) == {("/table", "support", "/room/floor"), ("/thing", "support", "/table")}
    contact = of(contacts, "/thing")["support", "/table"]
    assert contact.gap == pytest.approx(gap, abs=1.2e-3)
    assert contact.share == 1.0


def test_areas_are_those_of_the_feet():
    mug = body("/mug", mug_mesh(radius=0.04), matrix=yaw_matrix(0, (0, 0, 0.75)))
    contacts = find_contacts([FLOOR, table(leg=0.04), mug])
    assert of(contacts, "/table")["support", "/room/floor"].area == pytest.approx(4 * 0.04**2, rel=1e-3)
    # The ring's flat part, plus what of its slope is within a millimetre... 2 % of 0.1 m: less than the whole foot.
    ring = np.pi * (0.04**2 - 0.034**2)
    foot = np.pi * (0.04**2 - 0.032**2)
    assert ring <= of(contacts, "/mug")["support", "/table"].area * 1.01
    assert of(contacts, "/mug")["support", "/table"].area <= foot


@pytest.mark.parametrize("degrees", [0.0, 17.0, 45.0, 90.0, 211.3])
@pytest.mark.parametrize("offset", [(0, 0, 0), (1.234, -2.345, 0.0), (-3.1, 0.07, 12.5)])
def test_turning_and_moving_the_world_changes_nothing(degrees, offset):
    def scene(matrix):
        def put(path, *meshes, at=(0, 0, 0), is_room=False):
            return body(path, *meshes, matrix=yaw_matrix(0, at) @ matrix, is_room=is_room)

        shelf = [box((-0.2, -0.15, z), (0.2, 0.15, z + 0.02)) for z in (0.0, 0.3)]
        shelf += [box((-0.2, -0.15, 0), (-0.18, 0.15, 0.32)), box((0.18, -0.15, 0), (0.2, 0.15, 0.32))]
        shelf += [box((-0.2, 0.14, 0), (0.2, 0.15, 0.32))]
        return [
            put("/floor", box((-3, -3, -0.1), (3, 3, 0)), is_room=True),
            put("/wall", box((-3, 1.0, 0), (3, 1.1, 2.5)), is_room=True),
            table(matrix=matrix),
            put("/mug", mug_mesh(), at=(0.2, 0.1, 0.75)),
            put("/bin", *bin_meshes((0.3, 0.3, 0.1)), at=(-0.3, 0.0, 0.75)),
            put("/ball", sphere(0.04), at=(-0.3, 0.05, 0.8)),
            put("/milk", box((-0.03, -0.03, 0), (0.03, 0.03, 0.2)), at=(-0.25, -0.07, 0.761)),
            put("/clock", *[moved(cylinder(0.15, 0.04), (0, 0, 0))], at=(0, 0.978, 1.6)),
            put("/shelf", *shelf, at=(1.5, 0.5, 0)),
            put("/book", box((-0.02, -0.08, 0), (0.02, 0.08, 0.22)), at=(1.5, 0.5, 0.021)),
        ]

    still = find_contacts(scene(np.eye(4)))
    turned = find_contacts(scene(yaw_matrix(degrees, offset)))
    assert pairs(turned) == pairs(still)
    assert pairs(still) >= {
        ("/ball", "inside", "/bin"),
        ("/milk", "inside", "/bin"),
        ("/book", "inside", "/shelf"),
        ("/mug", "support", "/table"),
    }
    for before, after in zip(still, turned, strict=True):
        assert after.gap == pytest.approx(before.gap, abs=2e-4)
        # Walls and floors of bin and shelf share their lowest faces: in cells that the outline cuts, such faces count twice.
        loose = 0.12 if before.child in ("/bin", "/shelf") else 0.02
        assert after.area == pytest.approx(before.area, rel=loose, abs=1e-6)
        assert after.share == pytest.approx(before.share, abs=0.02)


def test_the_rug_carries_the_chair_and_not_the_floor():
    rug = body("/rug", box((-1, -1, 0), (1, 1, 0.005)))
    contacts = find_contacts([FLOOR, rug, table("/chair", height=0.45, matrix=yaw_matrix(0, (0, 0, 0.003)))])
    assert pairs(contacts) == {("/chair", "support", "/rug"), ("/rug", "support", "/room/floor")}


def test_half_on_the_rug_is_on_both():
    rug = body("/rug", box((0, -1, 0), (1, 1, 0.004)))
    contacts = of(find_contacts([FLOOR, rug, table(matrix=yaw_matrix(0, (0, 0, 0.004)))]), "/table")
    assert {key: round(contact.share, 2) for key, contact in contacts.items()} == {
        ("support", "/room/floor"): 0.5,
        ("support", "/rug"): 0.5,
    }


def test_a_post_thinner_than_a_cell_carries_a_tray():
    post = body("/post", moved(cylinder(0.004, 0.5), (0.013, -0.021, 0.25)))
    tray = body("/tray", box((-0.5, -0.5, 0.5), (0.5, 0.5, 0.52)))
    assert ("/tray", "support", "/post") in pairs(find_contacts([FLOOR, post, tray]))


@pytest.mark.parametrize("thickness", [0.0005, 0.001, 0.002, 0.004, 0.008])
def test_a_stack_of_thin_plates_rests_downwards_only(thickness):
    plates = [body(f"/plate{k}", box((-0.1, -0.1, k * thickness), (0.1, 0.1, (k + 1) * thickness))) for k in range(4)]
    contacts = find_contacts([FLOOR, *plates])
    best = {}
    for contact in contacts:
        assert contact.kind is ContactKind.SUPPORT
        key = (-contact.area, abs(contact.gap))
        best[contact.child] = min(best.get(contact.child, (key, contact.parent)), (key, contact.parent))
    assert {child: parent for child, (_, parent) in best.items()} == {
        "/plate0": "/room/floor",
        "/plate1": "/plate0",
        "/plate2": "/plate1",
        "/plate3": "/plate2",
    }
    assert not {(b, a) for a, _, b in pairs(contacts)} & {(a, b) for a, _, b in pairs(contacts)}


def flipped(mesh, which=None):
    points, triangles = mesh
    triangles = triangles.copy()
    which = np.ones(len(triangles), dtype=bool) if which is None else which
    triangles[which] = triangles[which][:, ::-1]
    return points, triangles


@pytest.mark.parametrize("winding", ["inside out", "mixed"])
def test_winding_may_be_wrong(winding):
    rng = np.random.default_rng(3)
    mesh = box((-0.5, -0.5, 0), (0.5, 0.5, 0.4))
    mesh = flipped(mesh, None if winding == "inside out" else rng.random(len(mesh[1])) < 0.5)
    contacts = find_contacts([FLOOR, body("/block", mesh), body("/mug", mug_mesh(), matrix=yaw_matrix(0, (0, 0, 0.4)))])
    assert of(contacts, "/mug")["support", "/block"].gap == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("down", [False, True])
def test_a_single_sheet_carries_whichever_way_it_is_wound(down):
    sheet = np.array([[-1.0, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]), np.array([[0, 1, 2], [0, 2, 3]])
    floor = body("/floor", flipped(sheet) if down else sheet, is_room=True)
    assert pairs(find_contacts([floor, table()])) == {("/table", "support", "/floor")}


def test_what_hovers_too_high_or_is_sunk_too_deep_does_not_rest():
    # 0.1 m high: 12 mm above, 25 mm below.
    for gap, rests in ((0.011, True), (0.013, False), (-0.024, True), (-0.04, False)):
        thing = body("/thing", box((-0.05, -0.05, 0), (0.05, 0.05, 0.1)), matrix=yaw_matrix(0, (0, 0, 0.75 + gap)))
        found = of(find_contacts([table(), thing]), "/thing")
        assert (found.get(("support", "/table")) is not None and found["support", "/table"].area > 0) == rests, gap


def test_unrelated_bodies_and_the_order_of_bodies_change_nothing():
    rng = np.random.default_rng(11)
    bodies = [FLOOR]
    for k in range(12):
        at = (rng.uniform(-3, 3), rng.uniform(-3, 3), 0.0)
        bodies.append(table(f"/table{k}", matrix=yaw_matrix(rng.uniform(0, 360), at)))
        bodies.append(
            body(f"/mug{k}", mug_mesh(), matrix=yaw_matrix(30, np.add(at, (0.1, 0.0, 0.75 + rng.uniform(-0.003, 0.003)))))
        )
    whole = find_contacts(bodies)
    shuffled = [bodies[k] for k in rng.permutation(len(bodies))]
    assert find_contacts(shuffled) == whole
    for k in (1, 4, 7, 10, 20):
        gone = bodies[k].path
        fewer = find_contacts([item for item in bodies if item.path != gone])
        expected = tuple(c for c in whole if gone not in (c.child, c.parent))
        lost = {c.child for c in whole if c.parent == gone}
        assert tuple(c for c in fewer if c.child not in lost) == tuple(c for c in expected if c.child not in lost)


# -------------------------------------------------------------------------------------------------- inside


def shelf_meshes(width: float):
    return [
        box((-width / 2, -0.15, 0.0), (width / 2, 0.15, 0.02)),
        box((-width / 2, -0.15, 0.3), (width / 2, 0.15, 0.32)),
        box((-width / 2, -0.15, 0), (-width / 2 + 0.02, 0.15, 0.32)),
        box((width / 2 - 0.02, -0.15, 0), (width / 2, 0.15, 0.32)),
        box((-width / 2, 0.14, 0), (width / 2, 0.15, 0.32)),
    ]


INSIDE_CASES = {
    # name: (container meshes, content meshes, inside?)
    "can in a bin": (bin_meshes(), [moved(cylinder(0.03, 0.12), (0.05, 0.05, 0.07))], True),
    "milk stands out of the bin": (bin_meshes(), [box((0.0, 0.0, 0.01), (0.06, 0.06, 0.22))], True),
    "a mast stands far out of the bin": (bin_meshes(), [box((0.0, 0.0, 0.01), (0.06, 0.06, 0.6))], False),
    "apple in a bowl": (
        [lathe([(0, 0), (0.05, 0), (0.12, 0.07), (0.115, 0.07), (0.048, 0.005), (0, 0.005)])],
        [moved(sphere(0.037), (0.01, 0.0, 0.043))],
        True,
    ),
    "apple on a plate": (
        [lathe([(0, 0), (0.08, 0), (0.13, 0.018), (0.13, 0.021), (0.08, 0.004), (0, 0.004)])],
        [moved(sphere(0.037), (0.01, 0.0, 0.042))],
        False,
    ),
    "ring on a peg": (
        [box((-0.01, -0.01, 0), (0.01, 0.01, 0.1))],
        [lathe([(0.015, 0), (0.04, 0), (0.04, 0.02), (0.015, 0.02), (0.015, 0)])],
        False,
    ),
    "book in a shelf": (shelf_meshes(0.5), [box((-0.02, -0.1, 0.02), (0.02, 0.1, 0.25))], True),
    "a spoon leans in a mug": (
        [mug_mesh(radius=0.04, height=0.1)],
        [moved(turned(cylinder(0.003, 0.17), 14.0), (0.012, 0, 0.091))],
        True,
    ),
    "book on top of a shelf": (shelf_meshes(0.5), [box((-0.02, -0.1, 0.32), (0.02, 0.1, 0.55))], False),
    "cushion on a sofa": (
        [
            box((-1, -0.45, 0), (1, 0.45, 0.4)),
            box((-1, 0.25, 0.4), (1, 0.45, 0.9)),
            box((-1, -0.45, 0.4), (-0.8, 0.45, 0.65)),
            box((0.8, -0.45, 0.4), (1, 0.45, 0.65)),
        ],
        [box((-0.2, -0.1, 0.4), (0.2, 0.1, 0.7))],
        False,
    ),
    "sunk into a block": ([box((-0.5, -0.5, 0), (0.5, 0.5, 0.5))], [box((-0.1, -0.1, 0.05), (0.1, 0.1, 0.3))], False),
    "chair under a table": (
        [box((-0.6, -0.4, 0.72), (0.6, 0.4, 0.75))]
        + [box((x, y, 0), (x + 0.05, y + 0.05, 0.72)) for x in (-0.6, 0.55) for y in (-0.4, 0.35)],
        [box((-0.2, -0.2, 0), (0.2, 0.2, 0.45))],
        False,
    ),
}


@pytest.mark.parametrize("case", INSIDE_CASES)
def test_inside(case):
    container, content, expected = INSIDE_CASES[case]
    contacts = find_contacts([FLOOR, body("/container", *container), body("/content", *content)])
    assert (("/content", "inside", "/container") in pairs(contacts)) == expected
    assert ("/container", "inside", "/content") not in pairs(contacts)


def test_a_bowl_in_a_drawer_stands_on_the_drawers_floor_and_not_on_the_top():
    cabinet = [*bin_meshes((0.4, 0.4, 0.12)), box((-0.2, -0.2, 0.16), (0.2, 0.2, 0.18))]
    bowl = lathe([(0, 0), (0.03, 0), (0.06, 0.05), (0.057, 0.05), (0.03, 0.004), (0, 0.004)])
    contacts = of(find_contacts([FLOOR, body("/cabinet", *cabinet), body("/bowl", moved(bowl, (0, 0, 0.012)))]), "/bowl")
    assert set(contacts) == {("support", "/cabinet"), ("inside", "/cabinet")}
    assert contacts["support", "/cabinet"].gap == pytest.approx(0.002, abs=1e-4)


# -------------------------------------------------------------------------------------------------- attached, hanging

WALL = body("/room/wall", box((-3, 1.0, 0), (3, 1.2, 2.5)), is_room=True)
CEILING = body("/room/ceiling", box((-3, -3, 2.5), (3, 3, 2.6)), is_room=True)


def test_a_clock_on_the_wall_is_attached_and_a_lamp_hangs():
    clock = body("/clock", box((-0.15, 0.96, 1.5), (0.15, 0.998, 1.8)))
    lamp = body("/lamp", moved(cylinder(0.002, 0.8), (0, 0, 2.098)), moved(sphere(0.15), (0, 0, 1.6)))
    contacts = find_contacts([FLOOR, WALL, CEILING, clock, lamp])
    assert pairs(contacts) == {("/clock", "attached", "/room/wall"), ("/lamp", "hanging", "/room/ceiling")}
    assert of(contacts, "/clock")["attached", "/room/wall"].gap == pytest.approx(0.002, abs=1e-6)


def test_what_is_near_nothing_floats():
    clock = body("/clock", box((-0.15, 0.9, 1.5), (0.15, 0.98, 1.8)))
    assert find_contacts([FLOOR, WALL, clock]) == ()


def test_a_cupboard_that_stands_at_the_wall_is_not_attached_to_it():
    cupboard = body("/cupboard", box((-0.5, 0.5, 0.0), (0.5, 1.0, 1.8)))
    assert pairs(find_contacts([FLOOR, WALL, cupboard])) == {("/cupboard", "support", "/room/floor")}


def test_a_lid_rests_on_the_rim_although_its_lip_is_lower():
    pot = lathe([(0, 0), (0.1, 0), (0.1, 0.15), (0.095, 0.15), (0.095, 0.005), (0, 0.005)])
    lid = lathe(
        [(0, 0.152), (0.09, 0.152), (0.09, 0.11), (0.092, 0.11), (0.092, 0.1502), (0.105, 0.1502), (0.105, 0.16), (0, 0.26)]
    )
    contacts = find_contacts([FLOOR, body("/pot", pot), body("/lid", lid)])
    assert ("/lid", "support", "/pot") in pairs(contacts)


def test_a_curtain_hangs_from_its_rod_and_the_rod_is_held_by_the_wall():
    rod = body("/rod", box((-1, 0.8, 2.2), (1, 0.82, 2.22)), box((0, 0.8, 2.2), (0.02, 1.0, 2.22)))
    cloth = np.array([[-0.9, 0.81, 0.1], [0.9, 0.81, 0.1], [0.9, 0.81, 2.21], [-0.9, 0.81, 2.21]])
    curtain = ContactBody("/curtain", pieces=[MeshPiece(cloth, np.array([[0, 1, 2], [0, 2, 3]]))])
    assert pairs(find_contacts([FLOOR, WALL, rod, curtain])) == {
        ("/rod", "attached", "/room/wall"),
        ("/curtain", "hanging", "/rod"),
    }


def test_an_edge_that_is_only_close_holds_nothing():
    bin_ = body("/bin", box((0.0, 0.0, 1.003), (0.3, 0.3, 1.2)))
    tray = body("/tray", box((0.31, 0.0, 0.99), (0.6, 0.3, 1.0)))  # beside and below: 10 mm away at the corner
    assert find_contacts([bin_, tray]) == ()


def test_a_post_that_goes_deep_into_the_ground_stands_on_it():
    post = body("/post", moved(cylinder(0.05, 2.0), (0, 0, 0.5)))
    assert pairs(find_contacts([FLOOR, post])) == {("/post", "support", "/room/floor")}


def test_bricks_are_no_ledge():
    rows = [box((-3, 1.0 + 0.004 * (k % 2), 0.1 * k), (3, 1.2, 0.1 * k + 0.1)) for k in range(25)]
    clock = body("/clock", box((-0.15, 0.95, 1.5), (0.15, 1.002, 1.8)))
    contacts = find_contacts([FLOOR, body("/room/wall", *rows, is_room=True), clock])
    assert ("/clock", "support", "/room/wall") not in pairs(contacts)
    assert ("/clock", "attached", "/room/wall") in pairs(contacts)


def test_of_two_floating_things_that_touch_only_one_holds_the_other():
    big, small = body("/big", box((0, 0, 1), (1, 1, 2))), body("/small", box((1.001, 0.4, 1.4), (1.2, 0.6, 1.6)))
    assert pairs(find_contacts([big, small])) == {("/small", "attached", "/big")}


# -------------------------------------------------------------------------------------------------- input


def test_empty_broken_and_lazy_geometry():
    points, triangles = box((-0.1, -0.1, 0), (0.1, 0.1, 0.2))
    points = np.vstack([points, [np.nan, 0, 0]])
    triangles = np.vstack([triangles, [[0, 1, 8], [0, 1, 99], [-1, 2, 3]]])
    calls = []

    def pieces():
        calls.append(1)
        return [MeshPiece(*box((5, 5, 5), (6, 6, 6)))]

    bodies = [
        FLOOR,
        ContactBody("/broken", pieces=[MeshPiece(points, triangles)]),
        ContactBody("/empty"),
        ContactBody("/nan", aabb_world=np.full((2, 3), np.nan)),
        ContactBody("/far", aabb_world=np.array([[5.0, 5, 5], [6, 6, 6]]), pieces=pieces),
    ]
    assert pairs(find_contacts(bodies)) == {("/broken", "support", "/room/floor")}
    assert calls == []
    assert find_contacts([]) == ()


def test_world_triangles_are_a_short_form():
    points, triangles = box((-0.1, -0.1, 0.001), (0.1, 0.1, 0.2))
    short = ContactBody("/box", triangles_world=points[triangles].astype(np.float32))
    assert find_contacts([FLOOR, short]) == find_contacts([FLOOR, body("/box", (points, triangles))])


def test_settings_move_the_tolerance():
    thing = body("/thing", box((-0.05, -0.05, 0), (0.05, 0.05, 0.1)), matrix=yaw_matrix(0, (0, 0, 0.76)))
    assert pairs(find_contacts([table(), thing])) == {("/thing", "support", "/table")}
    strict = ContactSettings(tolerance_up=0.05, touch_distance=0.004)
    assert pairs(find_contacts([table(), thing], settings=strict)) == set()
