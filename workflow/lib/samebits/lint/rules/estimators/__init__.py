"""SB7: estimators and boosted trees."""
