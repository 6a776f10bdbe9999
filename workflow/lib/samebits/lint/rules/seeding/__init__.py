"""SB2: seeds and generators that are missing, differ, or come again and again."""
