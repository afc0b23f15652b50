"""Writers for omni.replicator.core. Importing this package needs no Kit; :mod:`.registry` makes the classes inside it."""
