"""Endorser: a pretrained language model that also reads an item's and a viewer's vector."""
