"""The optimizers and learning-rate schedules that Keras lacks. Importing this package makes them known to Keras."""

from multicnn.training.optimizers.adagrad import Adagrad as Adagrad
from multicnn.training.optimizers.nadam import Nadam as Nadam
from multicnn.training.optimizers.rprop import Rprop as Rprop
from multicnn.training.optimizers.schedules import OneCycle as OneCycle
from multicnn.training.optimizers.schedules import Warmup as Warmup
