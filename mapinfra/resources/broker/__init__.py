"""BrokerOutputs: outputs of a broker that MAP and other programs read from."""
