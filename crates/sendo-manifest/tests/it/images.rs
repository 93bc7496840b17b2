//! Setting images: what the two meanings keep, and what is refused.

use sendo_manifest::{EditError, Edited, ImageEdit, ImageMode, set_images};

const PINNED: &str =
    "images:\n- name: web\n  newName: example.org/web\n  newTag: v1 # ours\n  digest: sha256:1\n";

fn set(text: &str, edit: &str, mode: ImageMode) -> Result<Edited, EditError> {
    set_images(text.as_bytes(), &[edit.parse()?], mode)
}

fn text(edited: Result<Edited, EditError>) -> String {
    edited.expect("the edit is made").into_text()
}

#[test]
fn a_new_tag_takes_away_the_digest_that_would_pin_the_old_image() {
    let edited = text(set(PINNED, "web:v2", ImageMode::Keep));
    assert_eq!(
        edited,
        "images:\n- name: web\n  newName: example.org/web\n  newTag: v2 # ours\n"
    );
}

#[test]
fn a_star_keeps_the_digest() {
    let edited = text(set(PINNED, "web:v2@*", ImageMode::Keep));
    assert!(edited.contains("newTag: v2 # ours\n  digest: sha256:1\n"));
}

#[test]
fn kustomize_drops_what_is_not_named() {
    let edited = text(set(PINNED, "web:v2", ImageMode::Replace));
    assert_eq!(edited, "images:\n- name: web\n  newTag: v2 # ours\n");
}

#[test]
fn an_equals_sign_sets_the_name_and_not_the_tag() {
    let edit: ImageEdit = "web=v2".parse().expect("an edit");
    assert_eq!((edit.new_name.as_deref(), edit.new_tag), (Some("v2"), None));
}

#[test]
fn the_grammar_is_that_of_kustomize() {
    let parts = |text: &str| {
        let edit: ImageEdit = text.parse().expect("an edit");
        let part = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        [
            edit.name,
            part(edit.new_name),
            part(edit.new_tag),
            part(edit.digest),
        ]
        .join(" ")
    };
    assert_eq!(parts("img=new:tag"), "img new tag -");
    assert_eq!(parts("img=new@sha256:f"), "img new - sha256:f");
    assert_eq!(parts("img=new:tag@sha256:f"), "img new tag sha256:f");
    assert_eq!(parts("img=host:5000/new"), "img host:5000/new - -");
    assert_eq!(parts("img:tag"), "img - tag -");
    assert_eq!(
        parts("host:5000/img:tag@sha256:f"),
        "host:5000/img - tag sha256:f"
    );
    assert_eq!(parts("img@sha256:f"), "img - - sha256:f");
    assert_eq!(parts("img=*:v1"), "img * v1 -");
}

#[test]
fn an_image_that_is_not_listed_is_refused_with_those_that_are() {
    let error = set(PINNED, "wbe:v2", ImageMode::Keep).expect_err("it is not listed");
    assert_eq!(error.reason_code(), "image_not_found");
    assert!(error.located("k.yaml").contains("there are web"));
}

#[test]
fn what_already_is_as_wanted_stays() {
    let edited = set(
        "images:\n- name: web\n  newTag: 'v2'\n",
        "web:v2",
        ImageMode::Keep,
    );
    assert!(edited.expect("the edit is made").is_unchanged());
}

#[test]
fn a_number_of_the_same_digits_becomes_a_string() {
    let edited = text(set(
        "images:\n- name: web\n  newTag: 1234567\n",
        "web:1234567",
        ImageMode::Keep,
    ));
    assert_eq!(edited, "images:\n- name: web\n  newTag: \"1234567\"\n");
}

#[test]
fn a_change_through_an_anchor_is_told() {
    let old = "images:\n- name: web\n  newTag: &tag v1\n- name: worker\n  newTag: *tag\n";
    let edited = set(old, "web:v2", ImageMode::Keep).expect("the edit is made");
    let change = &edited.changes()[0];
    assert_eq!(
        (change.path.as_str(), change.line, change.aliases),
        (".images[name=web].newTag", 3, 1)
    );
    assert_eq!(
        (change.old.as_deref(), change.new.as_deref()),
        (Some("v1"), Some("v2"))
    );
}

#[test]
fn the_last_edit_of_a_name_wins() {
    let edits = [ImageEdit::tag("web", "v2"), ImageEdit::tag("web", "v3")];
    let edited = set_images(PINNED.as_bytes(), &edits, ImageMode::Keep);
    assert!(text(edited).contains("newTag: v3"));
}

#[test]
fn several_new_images_are_added_in_order() {
    let edits = [ImageEdit::tag("a", "1"), ImageEdit::tag("b", "2")];
    let edited = set_images(b"images: []\n", &edits, ImageMode::Replace);
    let expected = "images: [{name: a, newTag: \"1\"}, {name: b, newTag: \"2\"}]\n";
    assert_eq!(text(edited), expected);
}
