"""Datasets, one file each: LightningDataModules over shared text handling, bucketing, downloading and caching."""
