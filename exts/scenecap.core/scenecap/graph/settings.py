"""All numbers that decide the scene graph. ``docs/relations.md`` explains each and gives the reason for its default."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict, Field

from scenecap.geometry import SUPPORT_TOLERANCE, SupportTolerance


class FullEdges(str, enum.Enum):
    """Which pairs at the same level are edges of the full graph."""

    ALL = "all"
    NEAREST = "nearest"
    AUTO = "auto"


class MstWeight(str, enum.Enum):
    """What an edge weighs in the minimum spanning tree."""

    SUPPORT_FIRST = "support_first"
    DISTANCE = "distance"


class PruningStrategy(str, enum.Enum):
    """Which edges of the spanning tree stay when ``pruning_ratio`` is below 1."""

    SALIENT = "salient"
    RANDOM = "random"


class GraphSettings(BaseModel):
    """Settings of the scene graph. Lengths are metres."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Selection
    max_object_capacity: int = Field(
        default=100, ge=1, description="Most objects in the graph: those with the largest tight 2D box, ties by prim path."
    )
    caption_only: bool = Field(
        default=False, description="Keep only objects that have a caption of their own in the label database."
    )

    # The graphs
    full_edges: FullEdges = Field(
        default=FullEdges.AUTO,
        description="Pairs at the same level in the full graph: all, only each object's nearest, or auto (all up to "
        "`full_edges_limit` objects).",
    )
    full_edges_limit: int = Field(default=200, ge=0, description="Most objects for which auto builds all pairs.")
    nearest_edges: int = Field(
        default=8, ge=1, le=64, description="Neighbours of each object at its level with `full_edges: nearest`."
    )
    mst_weight: MstWeight = Field(
        default=MstWeight.SUPPORT_FIRST,
        description="Edge weight of the spanning tree: support_first (support and inside weigh 0, others their centre "
        "distance, so no 'on' is lost) or distance.",
    )
    pruning_ratio: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="Share of the spanning tree's edges to keep: ceil(ratio * edges); 0 keeps none.",
    )
    pruning_strategy: PruningStrategy = Field(
        default=PruningStrategy.SALIENT,
        description="Which edges stay: salient (support and inside, then the largest visible objects, larger margins, shorter "
        "edges) or random.",
    )
    random_seed: int = Field(default=0, ge=0, description="Which edges `pruning_strategy: random` keeps.")

    # Support. The four gaps are those of `contacts` too; the rest is for boxes, where there is no geometry
    support_gap_min: float = Field(
        default=SUPPORT_TOLERANCE.least, ge=0.0, le=0.1, description="Support tolerance, never less than this, up and down."
    )
    support_gap_max: float = Field(
        default=SUPPORT_TOLERANCE.most, ge=0.0, le=0.5, description="Support tolerance, never more than this, up and down."
    )
    support_gap_up: float = Field(
        default=SUPPORT_TOLERANCE.up,
        ge=0.0,
        le=1.0,
        description="Gap above the supporter that still counts as resting, as a share of the object's height.",
    )
    support_gap_down: float = Field(
        default=SUPPORT_TOLERANCE.down,
        ge=0.0,
        le=1.0,
        description="Depth sunk into the supporter that still counts as resting, as a share of the height.",
    )
    support_overlap: float = Field(
        default=0.30,
        gt=0.0,
        le=1.0,
        description="Share of an object's footprint over its supporter, unless its centre is over it.",
    )
    inside_volume: float = Field(
        default=0.90, gt=0.5, le=1.0, description="Share of an object's box within its container's box."
    )

    # Distance words; s is the smaller of the two objects' median box edges
    touching_distance: float = Field(default=0.005, ge=0.0, le=0.1, description="Largest surface distance of 'touching'.")
    next_to_factor: float = Field(default=0.5, ge=0.0, description="Largest surface distance of 'next to', in s.")
    near_factor: float = Field(default=1.5, ge=0.0, description="Largest surface distance of 'near', in s.")
    far_factor: float = Field(
        default=5.0, ge=0.0, description="Least surface distance of 'far', in median edges of the larger object."
    )
    far_distance: float = Field(default=1.5, ge=0.0, description="Least surface distance of 'far'.")
    floating_height: float = Field(
        default=0.03,
        ge=0.0,
        description="Objects that rest on nothing count as standing on the same thing up to this difference in height.",
    )
    thin_height: float = Field(
        default=0.03,
        ge=0.0,
        description="'Next to' and 'between' look through supporters up to this height: what stands on a rug is beside what "
        "stands on the floor.",
    )

    # Direction words
    direction_offset: float = Field(default=0.02, ge=0.0, description="Least centre offset of left, right, front and behind.")
    direction_factor: float = Field(
        default=0.15, ge=0.0, description="Least centre offset of left, right, front and behind, in s."
    )
    direction_width: float = Field(
        default=0.125,
        ge=0.0,
        le=0.5,
        description="Least centre offset of left, right, front and behind, as a share of the wider object's extent along it.",
    )
    above_overlap: float = Field(
        default=0.20, gt=0.0, le=1.0, description="Share of the smaller footprint that must overlap for above and below."
    )

    # Three objects
    between_margin: float = Field(
        default=0.2,
        ge=0.0,
        lt=0.5,
        description="'Between' needs the projection on the line at this share or more from either end.",
    )
    between_offset: float = Field(default=0.5, ge=0.0, description="Largest distance from the line of 'between', in s.")
    between_neighbours: int = Field(
        default=12, ge=2, le=64, description="'Between' looks at this many nearest objects on the same supporter."
    )
    centre_share: float = Field(
        default=0.10,
        ge=0.0,
        le=0.5,
        description="Largest distance from the middle of 'at the centre of', as a share of the top's diagonal.",
    )
    centre_size: float = Field(
        default=0.50,
        gt=0.0,
        le=1.0,
        description="Largest diagonal of what is 'at the centre of', as a share of the top's.",
    )

    @property
    def support_gap(self) -> SupportTolerance:
        """How far an object may be from what it rests on."""
        return SupportTolerance(self.support_gap_min, self.support_gap_max, self.support_gap_up, self.support_gap_down)
