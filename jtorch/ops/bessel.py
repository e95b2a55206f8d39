"""Bessel functions of order 0 and 1, ordinary and modified, and Airy's function (torch.special). Torch has no gradients of them.

The approximations are those of Moshier, Methods and Programs for Mathematical Functions, 1989 (Cephes): quotients of polynomials for the
ordinary functions, Chebyshev series for the modified ones, whose first kind JAX has. Torch's denominators lack the leading 1 that some of the
book's have, which costs up to 1e-6 in float64; so do these, since the values are to be torch's.
"""

import math

import jax.numpy as jnp
from jax.scipy import special

from .kinds import require_wide_real
from .registry import Array, op


def _quotient(numerator, denominator, z):
    return jnp.polyval(jnp.asarray(numerator, z.dtype), z) / jnp.polyval(jnp.asarray(denominator, z.dtype), z)


def _chebyshev_series(coefficients, z):
    """Clenshaw's sum of c[k] T[k](z / 2), the constant halved; coefficients of the highest degree first."""
    now = before = last = jnp.zeros_like(z)
    for c in coefficients:
        now, before, last = z * now - before + c, now, before
    return (now - last) / 2


def _register(name: str, doc: str):
    """Register `special.NAME`, a function of one float32 or float64 array."""

    def register(fn):
        def function(input: Array):
            require_wide_real(f"{name}_cpu", input)
            return fn(input)

        function.__doc__ = doc
        op(f"special.{name}", promote="float", variants="function out", differentiable=False)(function)
        return fn

    return register


# --- ordinary Bessel functions -------------------------------------------------------------------------------------

# Of order 0: modulus and phase beyond 5, then J0 and Y0 below.
_PP0 = (
    7.96936729297347051624e-04, 8.28352392107440799803e-02, 1.23953371646414299388e00, 5.44725003058768775090e00,
    8.74716500199817011941e00, 5.30324038235394892183e00, 9.99999999999999997821e-01,
)  # fmt: skip
_PQ0 = (
    9.24408810558863637013e-04, 8.56288474354474431428e-02, 1.25352743901058953537e00, 5.47097740330417105182e00,
    8.76190883237069594232e00, 5.30605288235394617618e00, 1.00000000000000000218e00,
)  # fmt: skip
_QP0 = (
    -1.13663838898469149931e-02, -1.28252718670509318512e00, -1.95539544257735972385e01, -9.32060152123768231369e01,
    -1.77681167980488050595e02, -1.47077505154951170175e02, -5.14105326766599330220e01, -6.05014350600728481186e00,
)  # fmt: skip
_QQ0 = (
    6.43178256118178023184e01, 8.56430025976980587198e02, 3.88240183605401609683e03, 7.24046774195652478189e03,
    5.93072701187316984827e03, 2.06209331660327847417e03, 2.42005740240291393179e02,
)  # fmt: skip
_RP0 = (-4.79443220978201773821e09, 1.95617491946556577543e12, -2.49248344360967716204e14, 9.70862251047306323952e15)
_RQ0 = (
    4.99563147152651017219e02, 1.73785401676374683123e05, 4.84409658339962045305e07, 1.11855537045356834862e10,
    2.11277520115489217587e12, 3.10518229857422583814e14, 3.18121955943204943306e16, 1.71086294081043136091e18,
)  # fmt: skip
_YP0 = (
    1.55924367855235737965e04, -1.46639295903971606143e07, 5.43526477051876500413e09, -9.82136065717911466409e11,
    8.75906394395366999549e13, -3.46628303384729719441e15, 4.42733268572569800351e16, -1.84950800436986690637e16,
)  # fmt: skip
_YQ0 = (
    1.04128353664259848412e03, 6.26107330137134956842e05, 2.68919633393814121987e08, 8.64002487103935000337e10,
    2.02979612750105546709e13, 3.17157752842975028269e15, 2.50596256172653059228e17,
)  # fmt: skip
# The same of order 1.
_PP1 = (
    7.62125616208173112003e-04, 7.31397056940917570436e-02, 1.12719608129684925192e00, 5.11207951146807644818e00,
    8.42404590141772420927e00, 5.21451598682361504063e00, 1.00000000000000000254e00,
)  # fmt: skip
_PQ1 = (
    5.71323128072548699714e-04, 6.88455908754495404082e-02, 1.10514232634061696926e00, 5.07386386128601488557e00,
    8.39985554327604159757e00, 5.20982848682361821619e00, 9.99999999999999997461e-01,
)  # fmt: skip
_QP1 = (
    5.10862594750176621635e-02, 4.98213872951233449420e00, 7.58238284132545283818e01, 3.66779609360150777800e02,
    7.10856304998926107277e02, 5.97489612400613639965e02, 2.11688757100572135698e02, 2.52070205858023719784e01,
)  # fmt: skip
_QQ1 = (
    7.42373277035675149943e01, 1.05644886038262816351e03, 4.98641058337653607651e03, 9.56231892404756170795e03,
    7.99704160447350683650e03, 2.82619278517639096600e03, 3.36093607810698293419e02,
)  # fmt: skip
_RP1 = (-8.99971225705559398224e08, 4.52228297998194034323e11, -7.27494245221818276015e13, 3.68295732863852883286e15)
_RQ1 = (
    6.20836478118054335476e02, 2.56987256757748830383e05, 8.35146791431949253037e07, 2.21511595479792499675e10,
    4.74914122079991414898e12, 7.84369607876235854894e14, 8.95222336184627338078e16, 5.32278620332680085395e18,
)  # fmt: skip
_YP1 = (
    1.26320474790178026440e09, -6.47355876379160291031e11, 1.14509511541823727583e14, -8.12770255501325109621e15,
    2.02439475713594898196e17, -7.78877196265950026825e17,
)  # fmt: skip
_YQ1 = (
    5.94301592346128195359e02, 2.35564092943068577943e05, 7.34811944459721705660e07, 1.87601316108706159478e10,
    3.88231277496238566008e12, 6.20557727146953693363e14, 6.87141087355300489866e16, 3.97270608116560655612e18,
)  # fmt: skip

# Squares of the first two zeros of J0 and of J1.
_ZEROS0 = (5.78318596294678452118e00, 3.04712623436620863991e01)
_ZEROS1 = (1.46819706421238932572e01, 4.92184563216946036703e01)


def _wave(x, order: int):
    """Modulus and phase of the Hankel asymptotics for x > 5: cos(phase) belongs to J, sin(phase) to Y."""
    pp, pq, qp, qq = (_PP0, _PQ0, _QP0, _QQ0) if order == 0 else (_PP1, _PQ1, _QP1, _QQ1)
    w = 5 / x
    even, odd = _quotient(pp, pq, w * w), w * _quotient(qp, qq, w * w)
    phase = x - (0.25 + 0.5 * order) * math.pi
    return math.sqrt(2 / math.pi) / jnp.sqrt(x), even, odd, phase


def _first_kind(x, order: int):
    size = jnp.abs(x)
    far = size > 5
    z = jnp.where(far, 1, size) ** 2
    zeros, rp, rq = (_ZEROS0, _RP0, _RQ0) if order == 0 else (_ZEROS1, _RP1, _RQ1)
    near = (z - zeros[0]) * (z - zeros[1]) * _quotient(rp, rq, z)
    near = jnp.where(size < 1e-5, 1 - z / 4, near) if order == 0 else near * jnp.where(far, 1, size)
    scale, even, odd, phase = _wave(jnp.where(far, size, 6), order)
    value = jnp.where(far, scale * (even * jnp.cos(phase) - odd * jnp.sin(phase)), near)
    return (jnp.where(x < 0, -value, value) if order else value).astype(x.dtype)


def _second_kind(x, order: int):
    far = x > 5
    low = jnp.where(far | (x <= 0), 1, x)
    yp, yq = (_YP0, _YQ0) if order == 0 else (_YP1, _YQ1)
    smooth = _quotient(yp, yq, low * low)
    logarithm = jnp.log(low) * _first_kind(low, order)
    if order == 0:
        near = smooth + 2 / math.pi * logarithm
    else:
        near = low * smooth + 2 / math.pi * (logarithm - 1 / low)
    scale, even, odd, phase = _wave(jnp.where(far, x, 6), order)
    value = jnp.where(far, scale * (even * jnp.sin(phase) + odd * jnp.cos(phase)), near)
    return jnp.where(x == 0, -jnp.inf, jnp.where((x < 0) | jnp.isnan(x), jnp.nan, value)).astype(x.dtype)


@_register("bessel_j0", "Bessel function of the first kind, order 0.")
def bessel_j0(x):
    return _first_kind(x, 0)


@_register("bessel_j1", "Bessel function of the first kind, order 1.")
def bessel_j1(x):
    return _first_kind(x, 1)


@_register("bessel_y0", "Bessel function of the second kind, order 0; -inf at 0 and NaN below.")
def bessel_y0(x):
    return _second_kind(x, 0)


@_register("bessel_y1", "Bessel function of the second kind, order 1; -inf at 0 and NaN below.")
def bessel_y1(x):
    return _second_kind(x, 1)


@_register("spherical_bessel_j0", "Spherical Bessel function of the first kind, order 0: sin(x) / x, and 1 at 0.")
def spherical_bessel_j0(x):
    small = jnp.abs(x) < 0.5
    rest = jnp.where(small | jnp.isinf(x), 1, x)
    # Taylor's series up to x ** 12.
    series = jnp.polyval(jnp.asarray([(-1) ** k / math.factorial(2 * k + 1) for k in range(6, -1, -1)], x.dtype), x * x)
    return jnp.where(jnp.isinf(x), 0, jnp.where(small, series, jnp.sin(rest) / rest)).astype(x.dtype)


# --- modified Bessel functions -------------------------------------------------------------------------------------

# Up to 2 in x ** 2 - 2, beyond in 8 / x - 2.
_K0_LOW = (
    1.37446543561352307156e-16, 4.25981614279661018399e-14, 1.03496952576338420167e-11, 1.90451637722020886025e-09,
    2.53479107902614945675e-07, 2.28621210311945178607e-05, 1.26461541144692592338e-03, 3.59799365153615016266e-02,
    3.44289899924628486886e-01, -5.35327393233902768720e-01,
)  # fmt: skip
_K0_HIGH = (
    5.30043377268626276149e-18, -1.64758043015242134646e-17, 5.21039150503902756861e-17, -1.67823109680541210385e-16,
    5.51205597852431940784e-16, -1.84859337734377901440e-15, 6.34007647740507060557e-15, -2.22751332699166985548e-14,
    8.03289077536357521100e-14, -2.98009692317273043925e-13, 1.14034058820847496303e-12, -4.51459788337394416547e-12,
    1.85594911495471785253e-11, -7.95748924447710747776e-11, 3.57739728140030116597e-10, -1.69753450938905987466e-09,
    8.57403401741422608519e-09, -4.66048989768794782956e-08, 2.76681363944501510342e-07, -1.83175552271911948767e-06,
    1.39498137188764993662e-05, -1.28495495816278026384e-04, 1.56988388573005337491e-03, -3.14481013119645005427e-02,
    2.44030308206595545468e00,
)  # fmt: skip
_K1_LOW = (
    -7.02386347938628759343e-18, -2.42744985051936593393e-15, -6.66690169419932900609e-13, -1.41148839263352776110e-10,
    -2.21338763073472585583e-08, -2.43340614156596823496e-06, -1.73028895751305206302e-04, -6.97572385963986435018e-03,
    -1.22611180822657148235e-01, -3.53155960776544875667e-01, 1.52530022733894777053e00,
)  # fmt: skip
_K1_HIGH = (
    -5.75674448366501715755e-18, 1.79405087314755922667e-17, -5.68946255844285935196e-17, 1.83809354436663880070e-16,
    -6.05704724837331885336e-16, 2.03870316562433424052e-15, -7.01983709041831346144e-15, 2.47715442448130437068e-14,
    -8.97670518232499435011e-14, 3.34841966607842919884e-13, -1.28917396095102890680e-12, 5.13963967348173025100e-12,
    -2.12996783842756842877e-11, 9.21831518760500529508e-11, -4.19035475934189648750e-10, 2.01504975519703286596e-09,
    -1.03457624656780970260e-08, 5.74108412545004946722e-08, -3.50196060308781257119e-07, 2.40648494783721712015e-06,
    -1.93619797416608296024e-05, 1.95215518471351631108e-04, -2.85781685962277938680e-03, 1.03923736576817238437e-01,
    2.72062619048444266945e00,
)  # fmt: skip


def _modified_second_kind(x, order: int, scaled: bool):
    """K of an order; `scaled` by exp(x)."""
    far = x > 2
    low = jnp.where(far | (x <= 0), 1, x)
    high = jnp.where(far, x, 3)
    z = low * low - 2
    if order == 0:
        near = _chebyshev_series(_K0_LOW, z) - jnp.log(low / 2) * special.i0(low)
    else:
        near = jnp.log(low / 2) * special.i1(low) + _chebyshev_series(_K1_LOW, z) / low
    beyond = _chebyshev_series(_K0_HIGH if order == 0 else _K1_HIGH, 8 / high - 2) / jnp.sqrt(high)
    value = jnp.where(far, beyond, near * jnp.exp(low)) if scaled else jnp.where(far, beyond * jnp.exp(-high), near)
    return jnp.where(x == 0, jnp.inf, jnp.where((x < 0) | jnp.isnan(x), jnp.nan, value)).astype(x.dtype)


_register("modified_bessel_i0", "Modified Bessel function of the first kind, order 0.")(special.i0)
_register("modified_bessel_i1", "Modified Bessel function of the first kind, order 1.")(special.i1)


@_register("modified_bessel_k0", "Modified Bessel function of the second kind, order 0; inf at 0 and NaN below.")
def modified_bessel_k0(x):
    return _modified_second_kind(x, 0, scaled=False)


@_register("modified_bessel_k1", "Modified Bessel function of the second kind, order 1; inf at 0 and NaN below.")
def modified_bessel_k1(x):
    return _modified_second_kind(x, 1, scaled=False)


@_register("scaled_modified_bessel_k0", "exp(x) * modified_bessel_k0(x), which does not underflow for large x.")
def scaled_modified_bessel_k0(x):
    return _modified_second_kind(x, 0, scaled=True)


@_register("scaled_modified_bessel_k1", "exp(x) * modified_bessel_k1(x), which does not underflow for large x.")
def scaled_modified_bessel_k1(x):
    return _modified_second_kind(x, 1, scaled=True)


# --- Airy's function -----------------------------------------------------------------------------------------------

_AN = (
    3.46538101525629032477e-01, 1.20075952739645805542e01, 7.62796053615234516538e01, 1.68089224934630576269e02,
    1.59756391350164413639e02, 7.05360906840444183113e01, 1.40264691163389668864e01, 9.99999999999999995305e-01,
)  # fmt: skip
_AD = (
    5.67594532638770212846e-01, 1.47562562584847203173e01, 8.45138970141474626562e01, 1.77318088145400459522e02,
    1.64234692871529701831e02, 7.14778400825575695274e01, 1.40959135607834029598e01, 1.00000000000000000470e00,
)  # fmt: skip
_AFN = (
    -1.31696323418331795333e-01, -6.26456544431912369773e-01, -6.93158036036933542233e-01, -2.79779981545119124951e-01,
    -4.91900132609500318020e-02, -4.06265923594885404393e-03, -1.59276496239262096340e-04, -2.77649108155232920844e-06,
    -1.67787698489114633780e-08,
)  # fmt: skip
_AFD = (
    1.33560420706553243746e01, 3.26825032795224613948e01, 2.67367040941499554804e01, 9.18707402907259625840e00,
    1.47529146771666414581e00, 1.15687173795188044134e-01, 4.40291641615211203805e-03, 7.54720348287414296618e-05,
    4.51850092970580378464e-07,
)  # fmt: skip
_AGN = (
    1.97339932091685679179e-02, 3.91103029615688277255e-01, 1.06579897599595591108e00, 9.39169229816650230044e-01,
    3.51465656105547619242e-01, 6.33888919628925490927e-02, 5.85804113048388458567e-03, 2.82851600836737019778e-04,
    6.98793669997260967291e-06, 8.11789239554389293311e-08, 3.41551784765923618484e-10,
)  # fmt: skip
_AGD = (
    9.30892908077441974853e00, 1.98352928718312140417e01, 1.55646628932864612953e01, 5.47686069422975497931e00,
    9.54293611618961883998e-01, 8.64580826352392193095e-02, 4.12656523824222607191e-03, 1.01259085116509135510e-04,
    1.17166733214413521882e-06, 4.91834570062930015649e-09,
)  # fmt: skip
# Ai and -Ai' at 0.
_AI0, _AI1 = 0.355028053887817239260, 0.258819403792806798405


def _airy_series(x):
    """Taylor's two series about 0, good between -2.09 and 2.09."""
    z = x**3
    f = term = jnp.ones_like(x)
    g = other = x
    for k in range(1, 15):
        term = term * z / ((3 * k - 1) * (3 * k))
        other = other * z / ((3 * k) * (3 * k + 1))
        f, g = f + term, g + other
    return _AI0 * f - _AI1 * g


@_register("airy_ai", "Airy's function Ai.")
def airy_ai(x):
    left, right = x < -2.09, x >= 2.09
    size = jnp.where(left | right, jnp.abs(x), 3)
    zeta = 2 / 3 * size * jnp.sqrt(size)
    scale = 1 / (jnp.sqrt(math.pi) * jnp.sqrt(jnp.sqrt(size)))
    decaying = scale * _quotient(_AN, _AD, 1 / zeta) / (2 * jnp.exp(zeta))
    w = 1 / zeta
    phase = zeta + math.pi / 4
    even, odd = 1 + w * w * _quotient(_AFN, _AFD, w * w), w * _quotient(_AGN, _AGD, w * w)
    waving = scale * (jnp.sin(phase) * even - jnp.cos(phase) * odd)
    value = jnp.where(left, waving, jnp.where(right, decaying, _airy_series(jnp.where(left | right, 0, x))))
    return jnp.where(jnp.isinf(x), jnp.nan, jnp.where(x > 103.892, 0, value)).astype(x.dtype)
