//! Setting images.

use sendo_manifest::{ImageEdit, ImageMode, set_images};

#[test]
fn try_many() {
    let edits: Vec<ImageEdit> = vec!["web=*:v2".parse().unwrap()];
    for text in [
        "images:\n- name: web\n  newTag: v1 # c\n",
        "images:\n- name: web\n  newTag: \"v1\"\n  digest: sha256:a",
        "images:\n  - digest: sha256:a\n    # why\n    name: web\n",
        "resources:\n  - a\nimages: [{name: web, digest: x}]\r\n",
        "resources:\n  - a",
        "resources:\n  - a\nimages:\n",
        "resources:\n  - a\nimages: []\n",
        "{\"images\":[{\"name\":\"web\",\"digest\":\"d\"},{\"name\": \"web\", \"newTag\":\"d\"}]}",
        "images:\n- name: web\n  newTag: # c\n- name: web\n  newTag: 123",
        "images:\n- name: db\n  newTag: v1 # c\nx: 1\n",
    ] {
        for mode in [ImageMode::Keep, ImageMode::Replace] {
            match set_images(text.as_bytes(), &edits, mode) {
                Ok(e) => println!("--- {mode:?}\n{text}\n=>\n{}\n{:?}", e.text(), e.changes()),
                Err(e) => println!("--- {mode:?}\n{text}\n=> {}", e.located("f.yaml")),
            }
        }
    }
}
