"""The ground that every room stands on: errors, devices and the record of a run."""
