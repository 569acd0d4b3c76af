"""Where functions lie: behind all objects, below 2**31 as these, and no two at one address."""

FIRST_FUNCTION = 0x7F001D00
FUNCTION_STEP = 1 << 6
