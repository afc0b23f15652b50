"""One asset at a time, alone on a neutral ground, seen from all sides: pictures for who is to say what it is."""
