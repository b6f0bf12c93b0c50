"""The teas, with their brewing time in seconds and their temperature in degrees Celsius."""

TEAS = {
    "black": (240, 95),
    "green": (120, 75),
    "oolong": (180, 85),
}
