"""SB5: what differs between processes, machines and days."""
