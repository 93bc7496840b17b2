//! `sendo context`: servers by name, told against the real program.

use std::os::unix::fs::PermissionsExt as _;

use sendo_testkit::stage::Stage;
use serde_json::Value;

use crate::sendo::{Ended, Folder};
use crate::serving::stage;

/// A configuration whose server listens at that port.
fn configuration(port: u16) -> String {
    format!(
        r#"
server: {{ listen: "127.0.0.1:{port}" }}
forges: {{ here: {{ kind: local, root: . }} }}
applications:
  shop:
    repository: here:shop
    environments:
      production:
        on: {{ merged_into: main }}
        deliver: {{ promotion: {{ repository: here:manifests, base: main,
          edits: [{{ kustomization: shop, image: shop }}] }} }}
"#
    )
}

/// A folder that is a home, with nothing in it.
fn home() -> Folder {
    Folder::with(&[])
}

/// The program, typed in a home with these variables.
fn typed(home: &Folder, variables: &[(&str, &str)], line: &str) -> Ended {
    let path = home.path().to_string_lossy().into_owned();
    let variables = [&[("HOME", path.as_str())], variables].concat();
    let words: Vec<&str> = line.split_whitespace().collect();
    home.run_with(&words, &variables, "")
}

fn named_by(ended: &Ended) -> String {
    assert_eq!(ended.code, 0, "{}", ended.err);
    let place: Value = serde_json::from_str(&ended.out).unwrap();
    format!("{}: {}", place["named_by"], place["server"]).replace('"', "")
}

/// A stage whose server is known as `local`, and who types somewhere else on that machine.
fn known() -> (Stage, sendo_testkit::Server, Folder) {
    let stage = stage("");
    let mut server = stage.served();
    let home = home();
    let file = stage.folder().join("sendo.db.token");
    let set = format!(
        "context set local --server http://{} --token-file {}",
        server.address().unwrap(),
        file.display()
    );
    assert_eq!(typed(&home, &[], &set).code, 0);
    (stage, server, home)
}

#[test]
fn a_server_is_reached_by_its_name_from_anywhere() {
    let (_stage, _server, home) = known();
    let by_name = typed(&home, &[], "token list --context local");
    assert_eq!(by_name.code, 0, "{}", by_name.err);
    let nowhere = typed(&home, &[("SENDO_CONTEXT", "locl")], "token list");
    assert_eq!(nowhere.code, 5, "{}", nowhere.err);
    assert!(nowhere.err.contains("did you mean `local`?"));
    assert_eq!(typed(&home, &[], "context use local").code, 0);
    let in_use = typed(&home, &[], "token list");
    assert_eq!(in_use.code, 0, "{}", in_use.err);
}

#[test]
fn no_token_goes_to_a_server_it_was_not_given_for() {
    let (stage, mut server, home) = known();
    let token = std::fs::read_to_string(stage.folder().join("sendo.db.token")).unwrap();
    let url = format!("http://{}", server.address().unwrap());
    let bare = format!("context set bare --server {url}");
    assert_eq!(typed(&home, &[], &bare).code, 0);
    let mine = [("SENDO_TOKEN", token.trim())];
    let other = typed(&home, &mine, "token list --context bare");
    assert_eq!(other.code, 4, "{}", other.out);
    let same = typed(&home, &mine, &format!("token list --server {url}"));
    assert_eq!(same.code, 0, "{}", same.err);
    let asked = format!("{bare} --token-env SENDO_TOKEN");
    assert_eq!(typed(&home, &[], &asked).code, 0);
    assert_eq!(typed(&home, &mine, "token list --context bare").code, 0);
    let unset = typed(&home, &[], "token list --context bare");
    assert_eq!(unset.code, 3, "{}", unset.err);
    assert!(unset.err.contains("SENDO_TOKEN"), "{}", unset.err);
}

#[test]
fn a_configuration_that_only_lies_there_sends_no_token_away_from_this_machine() {
    let home = home();
    let far = configuration(10).replace("{ listen", "{ url: \"https://far.example.com\", listen");
    home.write("sendo.yaml", far.as_bytes());
    let mine = [("SENDO_TOKEN", "mine")];
    let here = typed(&home, &mine, "context show -o json");
    assert_eq!(
        named_by(&here),
        "sendo.yaml in this folder: http://127.0.0.1:10"
    );
    let named = typed(&home, &mine, "context show --config sendo.yaml");
    assert!(named.out.contains("far.example.com") && named.out.contains("SENDO_TOKEN"));
}

#[test]
fn an_exported_token_goes_to_the_address_it_was_exported_with() {
    let home = home();
    let pair = [
        ("SENDO_TOKEN", "mine"),
        ("SENDO_URL", "http://127.0.0.1:9/"),
    ];
    let token = |options: &str| typed(&home, &pair, &format!("context show {options}")).out;
    assert!(token("--server http://127.0.0.1:8").contains("token     none"));
    assert!(token("--server http://127.0.0.1:9").contains("SENDO_TOKEN"));
    assert!(token("").contains("SENDO_TOKEN"));
}

#[test]
fn an_invalid_configuration_and_a_context_in_use_are_not_guessed_between() {
    let home = home();
    home.write("sendo.yaml", b"nonsense: true\n");
    assert_eq!(
        typed(
            &home,
            &[],
            "context set far --server https://far.example.com"
        )
        .code,
        0
    );
    assert_eq!(typed(&home, &[], "context use far").code, 0);
    let torn = typed(&home, &[], "context show");
    assert_eq!(torn.code, 3, "{}", torn.out);
    assert!(torn.err.contains("--context far"), "{}", torn.err);
}

#[test]
fn an_invalid_configuration_sends_an_exported_token_to_no_server_that_is_guessed() {
    let home = home();
    home.write("sendo.yaml", b"nonsense: true\n");
    let exported = [("SENDO_TOKEN", "secret")];
    for line in ["context show", "history"] {
        let torn = typed(&home, &exported, line);
        assert_eq!((torn.code, torn.out.as_str()), (3, ""), "{torn:?}");
        assert!(torn.err.contains("nonsense"), "{}", torn.err);
        let next = "next: sendo validate --config sendo.yaml";
        assert!(torn.err.contains(next), "{}", torn.err);
    }
    let named = typed(&home, &exported, "context show --server http://127.0.0.1:9");
    assert_eq!(named.code, 0, "{}", named.err);
}

#[test]
fn a_configuration_gives_its_token_to_an_address_named_in_the_same_way_only() {
    let home = home();
    home.write("far.yaml", configuration(9).as_bytes());
    let exported = [("SENDO_CONFIG", "far.yaml")];
    let shown = |variables: &[(&str, &str)], line: &str| typed(&home, variables, line).out;
    let show = "context show --server https://b.example.com";
    assert!(shown(&exported, show).contains("token     none"));
    let both = format!("{show} --config far.yaml");
    assert!(shown(&[], &both).contains("sendo.db.token"));
}

#[test]
fn what_is_typed_counts_more_than_what_is_exported_and_that_more_than_what_lies_there() {
    let home = home();
    for name in ["one", "two"] {
        let set = format!("context set {name} --server https://{name}.example.com");
        assert_eq!(typed(&home, &[], &set).code, 0);
    }
    home.write("far.yaml", configuration(9).as_bytes());
    let all = [
        ("SENDO_URL", "https://url.example.com"),
        ("SENDO_CONTEXT", "one"),
        ("SENDO_CONFIG", "far.yaml"),
    ];
    let mut said = String::new();
    let mut tell = |variables: &[(&str, &str)], options: &str| {
        let line = format!("context show -o json {options}");
        said += &format!("{}\n", named_by(&typed(&home, variables, &line)));
    };
    tell(&all, "--server https://typed.example.com");
    tell(&all, "--context two");
    tell(&all, "--config far.yaml");
    tell(&all, "");
    tell(&all[1..], "");
    tell(&all[2..], "");
    tell(&[], "");
    assert_eq!(typed(&home, &[], "context use two").code, 0);
    let mut tell = |variables: &[(&str, &str)]| {
        said += &format!(
            "{}\n",
            named_by(&typed(&home, variables, "context show -o json"))
        );
    };
    tell(&[]);
    home.write("sendo.yaml", configuration(10).as_bytes());
    tell(&[]);
    tell(&all[1..2]);
    insta::assert_snapshot!(said);
    let both = typed(
        &home,
        &[],
        "status --server http://127.0.0.1:9 --context one",
    );
    assert_eq!(both.code, 3, "{}", both.err);
}

#[test]
fn the_file_is_private_whole_and_without_a_token() {
    let (stage, _server, home) = known();
    let path = home.file(".config/sendo/contexts.yaml");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = std::fs::read_to_string(stage.folder().join("sendo.db.token")).unwrap();
    let text = home.read(".config/sendo/contexts.yaml");
    assert!(
        text.contains("token_file") && !text.contains(token.trim()),
        "{text}"
    );
    let own = [("XDG_CONFIG_HOME", "/dev/shm/nowhere/that/is")];
    assert_eq!(typed(&home, &own, "context list").out, "");
    assert_eq!(typed(&home, &[], "context use local").code, 0);
    assert!(typed(&home, &[], "context list").out.contains("*  local"));
    assert_eq!(typed(&home, &[], "context remove local").code, 0);
    assert_eq!(
        home.read(".config/sendo/contexts.yaml").trim(),
        "contexts: {}"
    );
    assert_eq!(typed(&home, &[], "context remove local").code, 5);
}

#[test]
fn a_relative_token_file_is_found_from_every_folder() {
    let home = home();
    let set = "context set here --server http://127.0.0.1:9 --token-file my.token";
    let made = typed(&home, &[], set);
    assert_eq!(made.code, 0, "{}", made.err);
    assert!(made.err.contains("yet"), "{}", made.err);
    let written = home.read(".config/sendo/contexts.yaml");
    let whole = home.path().canonicalize().unwrap().join("my.token");
    assert!(written.contains(&*whole.to_string_lossy()), "{written}");
    let asked = typed(&home, &[], "status --context here");
    assert_eq!(asked.code, 3, "{}", asked.err);
    assert!(asked.err.contains("my.token"), "{}", asked.err);
}

#[test]
fn a_file_of_contexts_that_cannot_be_read_says_where_and_an_address_goes_on() {
    let home = home();
    home.write(
        ".config/sendo/contexts.yaml",
        b"contexts: { a: { servr: x } }\n",
    );
    let broken = typed(&home, &[], "status");
    assert_eq!(broken.code, 3, "{}", broken.err);
    assert!(broken.err.contains("contexts.yaml") && broken.err.contains("servr"));
    assert!(broken.err.contains("next: "), "{}", broken.err);
    let goes_on = typed(&home, &[], "status --server http://127.0.0.1:9");
    assert_eq!(goes_on.code, 9, "{}", goes_on.err);
}

#[test]
fn plain_http_that_leaves_the_machine_is_warned_of() {
    let home = home();
    let says = |url: &str| typed(&home, &[], &format!("context set a --server {url}")).err;
    for here in [
        "http://localhost:1",
        "http://[::1]:1",
        "https://a.example.com",
    ] {
        assert!(!says(here).contains("in the open"), "{here}");
    }
    for far in ["http://a.example.com", "http://192.0.2.1:8787"] {
        assert!(says(far).contains("in the open"), "{far}");
    }
    for none in [
        "a.example.com",
        "ftp://a.example.com",
        "https://mei:x@a.example.com",
    ] {
        assert!(says(none).contains("address"), "{none}");
    }
}

#[test]
fn contexts_that_are_set_at_the_same_time_are_all_kept() {
    let home = home();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let (home, line) = (
                &home,
                format!("context set c{n} --server http://127.0.0.1:{n}000"),
            );
            scope.spawn(move || assert_eq!(typed(home, &[], &line).code, 0));
        }
    });
    let all = typed(&home, &[], "context list -o json").out;
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(all["contexts"].as_array().unwrap().len(), 8, "{all}");
}

#[test]
fn a_file_of_contexts_that_is_a_link_stays_one() {
    let home = home();
    let (folder, real) = (
        home.path().join(".config/sendo"),
        home.path().join("real.yaml"),
    );
    std::fs::create_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink(&real, folder.join("contexts.yaml")).unwrap();
    assert_eq!(
        typed(&home, &[], "context set here --server http://127.0.0.1:1").code,
        0
    );
    assert!(folder.join("contexts.yaml").is_symlink());
    assert!(
        std::fs::read_to_string(&real)
            .unwrap()
            .contains("127.0.0.1:1")
    );
}

#[test]
fn offline_and_a_server_at_once_are_refused() {
    let home = home();
    for verb in ["plan", "doctor"] {
        let line = format!("{verb} --offline --server http://127.0.0.1:1");
        let refused = typed(&home, &[], &line);
        assert_eq!(refused.code, 3, "{}", refused.err);
        assert!(
            refused.err.contains("--offline talks to no server"),
            "{}",
            refused.err
        );
    }
}

#[test]
fn a_doctor_whose_token_is_missing_says_so_beside_everything_else() {
    let home = home();
    let set = "context set away --server http://127.0.0.1:1 --token-env NOT_THERE";
    assert_eq!(typed(&home, &[], set).code, 0);
    let looked = typed(&home, &[], "doctor --context away -o json");
    assert_eq!(looked.code, 1, "{}", looked.err);
    let looked: Value = serde_json::from_str(&looked.out).unwrap();
    let checks = looked["checks"].as_array().unwrap();
    let server = checks
        .iter()
        .find(|check| check["group"] == "server")
        .unwrap();
    assert!(
        server["what"].as_str().unwrap().contains("NOT_THERE"),
        "{server}"
    );
    assert!(checks.len() > 2, "{looked}");
}
