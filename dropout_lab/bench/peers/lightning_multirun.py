"""Lightning program under Hydra's multirun: each job trains one network."""

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from dropout_lab.bench.peers.lightning_job import Job, run

ConfigStore.instance().store("job", Job)


@hydra.main(version_base="1.3", config_path=None, config_name="job")
def main(config: Job) -> None:
    """Train one network."""
    run(OmegaConf.to_object(config))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
