"""TopologyFlag: a page of Centreon's menu, shown or hidden."""
