"""The VRE on one machine: a hub, its services and its users' servers below one folder."""
