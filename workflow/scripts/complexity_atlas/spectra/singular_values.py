"""Singular values of weight matrices: a sufficient statistic of every spectral measure.

Large matrices go through the eigenvalues of the smaller Gram matrix, summed in float64 by blocks,
which costs a fraction of a singular value decomposition and no memory to speak of. Squaring costs
half of the digits: where the condition number comes out beyond GRAM_CONDITION the values are taken
again by a decomposition of the matrix itself, or of the triangular factor of a tall one. A float32
Gram matrix would be wrong already at condition numbers of a few hundred.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

SVD_COLUMNS = 96
"""Matrices with a side up to this are decomposed directly: as quick as by the Gram matrix."""

GRAM_CONDITION = 1e5
"""Up to this condition number the least singular value of a float64 Gram matrix keeps six digits.

Its relative error is about the rounding of float64 times the square of the condition number.
"""

_BLOCK = 1 << 20  # weights turned into float64 at a time
_SQUARES = (1e-200, 1e200)  # within these bounds the sum of squares has neither over- nor underflow

Method = Literal["gram", "svd", "qr+svd", ""]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Singular values of one matrix, float64[min(rows, columns)], descending; and their origin.

    `method` is "gram" (eigenvalues of the smaller Gram matrix), "svd", or "qr+svd" (decomposition
    of the triangular factor of a tall matrix). Where there are no values `note` says why.
    """

    values: np.ndarray
    method: Method
    note: str = ""


NOT_FINITE = Spectrum(np.empty(0), "", "has values that are not finite")


def singular_values(matrix: np.ndarray) -> Spectrum:
    """Singular values of `matrix` [rows, columns], of any float type, on one thread of the CPU.

    Relative error of the largest about 1e-15, of the least one up to 1e-6. They are the same
    whatever else runs, provided that BLAS has one thread (`threadpoolctl.threadpool_limits(1)`).
    A matrix with NaN or infinity has none. Raises ValueError unless it has two axes and weights.
    """
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"a matrix has two axes and at least one weight, not {matrix.shape}")
    tall = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    columns = tall.shape[1]
    if columns <= SVD_COLUMNS and tall.size <= _BLOCK:
        return _by_svd(tall)
    squares = np.zeros((columns, columns))
    for block in _blocks(tall):
        squares += block.T @ block
    total = np.trace(squares)
    if np.isfinite(total) and _SQUARES[0] < total < _SQUARES[1]:
        eigenvalues = np.linalg.eigvalsh(squares)
        if eigenvalues[-1] < GRAM_CONDITION**2 * eigenvalues[0]:
            return Spectrum(np.sqrt(eigenvalues[::-1]), "gram")
    return _by_svd(tall)


def singular_values_on(device: str, matrices: Sequence[np.ndarray]) -> list[Spectrum]:
    """Singular values of matrices of one shape and type, all at once on a device of torch.

    The results are those of `singular_values` within 1e-10 of the largest value. The device needs
    float64. What does not fit into its memory is computed on the CPU, and says so in its note.
    """
    import torch

    try:
        return _batch(matrices, device)
    except torch.OutOfMemoryError:
        torch.cuda.empty_cache()
    if len(matrices) > 1:
        half = len(matrices) // 2
        parts = matrices[:half], matrices[half:]
        return [spectrum for part in parts for spectrum in singular_values_on(device, part)]
    (spectrum,) = map(singular_values, matrices)
    note = "; ".join(filter(None, [spectrum.note, f"too large for {device}: on the CPU"]))
    return [Spectrum(spectrum.values, spectrum.method, note)]


def _blocks(tall: np.ndarray) -> Iterator[np.ndarray]:
    """Consecutive rows in float64; each block is overwritten by the next one."""
    rows, columns = tall.shape
    step = min(max(_BLOCK // columns, 1), rows)
    # In the order of the weights in memory: as rows, or as columns of what was a wide matrix.
    order = "C" if tall.flags.c_contiguous else "F"
    buffer = np.empty((step, columns), order=order)
    for start in range(0, rows, step):
        block = buffer[: min(step, rows - start)]
        block[...] = tall[start : start + step]
        yield block


def _by_svd(tall: np.ndarray) -> Spectrum:
    rows, columns = tall.shape
    method: Method = "svd"
    if rows > 2 * columns and tall.size > _BLOCK:
        method, triangle = "qr+svd", np.empty((0, columns))
        for block in _blocks(tall):
            if not np.isfinite(block).all():
                return NOT_FINITE
            triangle = np.linalg.qr(np.concatenate([triangle, block]), mode="r")
    else:
        triangle = tall.astype(np.float64)
        if not np.isfinite(triangle).all():
            return NOT_FINITE
    return Spectrum(np.linalg.svd(triangle, compute_uv=False), method)


def _batch(matrices: Sequence[np.ndarray], device: str) -> list[Spectrum]:
    import torch

    stack = torch.stack([_to_device(matrix, device) for matrix in matrices])
    if stack.shape[1] < stack.shape[2]:
        stack = stack.mT
    squares = stack.mT @ stack
    total = squares.diagonal(dim1=1, dim2=2).sum(1)
    sound = total.isfinite() & (total > _SQUARES[0]) & (total < _SQUARES[1])
    eigenvalues = torch.linalg.eigvalsh(squares.where(sound[:, None, None], 0)).cpu().numpy()
    spectra = []
    for matrix, values, is_sound in zip(stack, eigenvalues, sound.tolist(), strict=True):
        if is_sound and values[-1] < GRAM_CONDITION**2 * values[0]:
            spectra.append(Spectrum(np.sqrt(values[::-1]), "gram"))
        elif not matrix.isfinite().all():
            spectra.append(NOT_FINITE)
        else:
            spectra.append(Spectrum(torch.linalg.svdvals(matrix).cpu().numpy(), "svd"))
    return spectra


def _to_device(matrix: np.ndarray, device: str):
    """float64 tensor of the values on the device; the narrower type is what travels."""
    import torch

    bits = np.ascontiguousarray(matrix).view(f"int{8 * matrix.itemsize}")
    return torch.from_numpy(bits).view(getattr(torch, matrix.dtype.name)).to(device).double()
