"""The people who punch: names, digits under the vault key, and the opaque references everything else uses."""
