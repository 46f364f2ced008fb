"""The optimizers and learning-rate schedules that Keras lacks. Importing this package makes them known to Keras."""

from multicnn.optimizers.nadam import Nadam as Nadam
from multicnn.optimizers.rprop import Rprop as Rprop
from multicnn.optimizers.schedules import OneCycle as OneCycle
from multicnn.optimizers.schedules import Warmup as Warmup
