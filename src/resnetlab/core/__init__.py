"""The ground that every room stands on: errors, seeds, devices and the record of a run."""
