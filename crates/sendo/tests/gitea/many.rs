//! Many environments whose manifests lie in one repository, released by one push.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sendo_testkit::{Server, story, wait};
use serde_json::Value;

use crate::world::{World, number, quiet};

/// How many, unless the variable `MANY` says otherwise (up to a hundred), as to see ninety of them. What
/// that costs a Gitea grows with the square.
const MANY: usize = 12;
/// After each merge Gitea looks at all of the others again, so this is what one of them may take.
const EACH: Duration = Duration::from_secs(10);
/// How often Gitea is asked about them meanwhile.
const LOOK: Duration = Duration::from_secs(1);

fn many() -> usize {
    let told = std::env::var("MANY");
    told.map_or(MANY, |many| many.parse().expect("MANY is a number"))
}

fn names() -> impl Iterator<Item = String> {
    (1..=many()).map(|n| format!("e{n:02}"))
}

/// So many environments of `web` in place of the one, each with a file of its own.
fn set() -> World {
    let world = World::set();
    let file = story::kustomization("web");
    for name in names() {
        let path = format!("web/{name}/kustomization.yaml");
        world.stage.write(&world.manifests, &path, &file);
    }
    world.push_file(&world.manifests, "README.md", "Many\n");
    world.reconfigure(|text| {
        let (head, one) = text.split_once("      test:\n").unwrap();
        let each = names().map(|name| {
            let one = one.replace("web/test", &format!("web/{name}"));
            format!("      {name}:\n{one}")
        });
        head.to_owned() + &each.collect::<String>()
    });
    world
}

/// Every change request of the manifests by its number; a Gitea lists fifty at a time.
fn changes(world: &World) -> BTreeMap<u64, Value> {
    let mut all = BTreeMap::new();
    for page in 1..=4 {
        let path = format!("pulls?state=all&limit=50&page={page}");
        let listed = world.on("GET", &path, &Value::Null);
        let listed = listed.as_array().unwrap().iter();
        all.extend(listed.map(|change| (number(change), change.clone())));
    }
    all
}

/// How many deployments succeeded, while checks report on every new commit. Gitea has enough to do: what is
/// there is asked of Sendo.
fn succeeded(world: &World, server: &mut Server, checked: &mut BTreeSet<String>) -> usize {
    let listed = server.get("/api/v1/deployments?limit=100");
    let listed = listed.unwrap_or_default();
    let all = listed["deployments"].as_array().into_iter().flatten();
    let reported = all.map(|one| {
        if let Some(commit) = one["brings"]["to"].as_str()
            && checked.insert(commit.to_owned())
        {
            world.check(commit, "success");
        }
        usize::from(one["state"] == "succeeded")
    });
    reported.sum()
}

/// How many commits of deployments are on `main` of the manifests.
fn merges(world: &World) -> usize {
    let page = |page| {
        let path = format!("commits?sha=main&limit=50&page={page}&stat=false&files=false");
        let listed = world.on("GET", &path, &Value::Null).to_string();
        listed.matches("\"message\":\"Merge pull request").count()
    };
    (1..=4).map(page).sum()
}

#[test]
fn many_environments_released_at_once_are_all_merged_and_each_once() {
    let world = set();
    world.protect(1);
    world.hook();
    let mut server = world.served();
    world.merge("one");
    let mut checked = BTreeSet::new();
    let many = many();
    let longest = EACH * u32::try_from(many).unwrap();
    let all = wait::until("all of them arrive", longest, || {
        wait::pass(LOOK);
        (succeeded(&world, &mut server, &mut checked) == many).then_some(())
    });
    all.unwrap_or_else(|error| panic!("{error}\n{}", server.log()));
    quiet(&mut server);
    let changes = changes(&world);
    assert_eq!((changes.len(), merges(&world)), (many, many));
    for (number, change) in &changes {
        assert_eq!(change["merged"], true, "{change}");
        assert_eq!(world.approvals(*number), 1, "{change}");
    }
}
