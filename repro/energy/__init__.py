"""Joules from raw reads, and how uncertain they are: what the meter writes and the verifier redoes.

Plain functions of numbers, so that both ends of a bundle use the same formula. Standard
uncertainties throughout, after the Guide to the Expression of Uncertainty in Measurement
(JCGM 100:2008, "GUM").
"""
