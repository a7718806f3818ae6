# SPDX-License-Identifier: Apache-2.0
"""CFC-SP: coarse-to-fine cascaded networks with smooth predicting (Xue et al., CVPR Workshops 2022)."""
