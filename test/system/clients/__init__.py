# SPDX-License-Identifier: MIT
"""Clients of the server that know its protocols, and the plain tools they share."""
