"""The project's own demo scene: shapes, materials, assets and the room, written as plain usda text."""
