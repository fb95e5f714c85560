def without_aux(network):
    """An Inception without its second classifier, which only ImageNet needed."""
    network.aux_logits, network.AuxLogits = False, None
    return network
