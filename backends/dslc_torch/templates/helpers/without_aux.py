def without_aux(network):
    """An Inception whose second classifier, which only its own training needs, is gone."""
    network.aux_logits, network.AuxLogits = False, None
    return network
