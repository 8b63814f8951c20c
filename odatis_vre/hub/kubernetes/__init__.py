"""A VRE on Kubernetes: the chart's values, and the hub's and the gateway's traits that follow from them."""
