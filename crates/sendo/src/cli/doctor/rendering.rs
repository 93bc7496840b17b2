//! Whether the programs are here that show what a cluster would see.

use std::collections::BTreeMap;

use sendo_render::Programs;

use super::Checks;
use crate::config::Config;

/// A missing one keeps nothing from being deployed: it is told, and nothing lacks.
pub(super) fn programs(config: &Config, checks: &mut Checks) {
    const GROUP: &str = "what people are shown";
    let mut lanes: BTreeMap<&'static str, usize> = BTreeMap::new();
    for rules in config.lanes() {
        let renderings = rules.deliver.renderings();
        let mut programs: Vec<_> = renderings.iter().filter_map(|one| one.program()).collect();
        programs.sort_unstable();
        programs.dedup();
        for program in programs {
            *lanes.entry(program).or_default() += 1;
        }
    }
    for (program, count) in lanes {
        match Programs::on_path().find(program) {
            Ok(path) => checks.fine(GROUP, format!("{}, for {count} lanes", path.display())),
            Err(_) => checks.warns(
                GROUP,
                format!(
                    "there is no {program} on the path: what a cluster would see of {count} lanes is not shown"
                ),
                format!("install {program} where the server runs, or set `render: []` there"),
            ),
        }
    }
}
