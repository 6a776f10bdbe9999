"""SB4: data that come in no order."""
