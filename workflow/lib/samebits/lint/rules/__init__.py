"""The rules' code: what catalogs alone cannot say."""
