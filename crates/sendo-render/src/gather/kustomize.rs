//! What a kustomization names. The keys are those of kustomize 5; what it does not know it refuses by
//! itself.

use serde_json::Value;

use super::{Folder, Want};
use crate::fault::Fault;
use crate::parse;
use crate::source::{is_remote, joined, parent, shown};

/// The names a kustomization may have, in kustomize's order.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Keys whose entries are files, or folders with a kustomization.
const RESOURCES: [&str; 3] = ["resources", "bases", "components"];
/// Keys whose entries are files.
const FILES: [&str; 2] = ["crds", "configurations"];
/// Keys whose entries have a `path`.
const WITH_PATH: [&str; 3] = ["patches", "patchesJson6902", "replacements"];
/// Keys whose entries are files, folders, or text that configures a built-in plugin.
const PLUGINS: [&str; 3] = ["transformers", "generators", "validators"];
/// Keys whose entries take files apart.
const GENERATORS: [&str; 2] = ["configMapGenerator", "secretGenerator"];
/// Keys that have kustomize run Helm, which fetches charts.
const HELM: [&str; 3] = ["helmCharts", "helmChartInflationGenerator", "helmGlobals"];

/// Whether a file of this name is a kustomization.
pub(super) fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What a kustomization names. Its resources mean the same as it does: plugins, or not.
pub(super) fn names(file: &str, kind: Folder, text: &[u8]) -> Result<Vec<Want>, Fault> {
    let root = parse::one(file, text)?;
    let mut named = Named {
        file,
        folder: parent(file),
        wants: Vec::new(),
    };
    for key in HELM {
        if root.get(key).is_some() {
            return Err(Fault::Unsupported {
                file: file.to_owned(),
                key: key.to_owned(),
                instead: "it has kustomize fetch charts; name the chart under `render` as `helm`, or set `render: []`",
            });
        }
    }
    for key in RESOURCES {
        for entry in texts(&root, key) {
            named.want(entry, kind, false)?;
        }
    }
    for key in FILES {
        for entry in texts(&root, key) {
            named.want(entry, Folder::Never, false)?;
        }
    }
    for entry in texts(&root, "patchesStrategicMerge") {
        // Text of several lines is the patch itself.
        if !entry.contains('\n') {
            named.want(entry, Folder::Never, false)?;
        }
    }
    for key in WITH_PATH {
        for path in list(&root, key).filter_map(|entry| entry.get("path")?.as_str()) {
            named.want(path, Folder::Never, false)?;
        }
    }
    if let Some(path) = root.pointer("/openapi/path").and_then(Value::as_str) {
        named.want(path, Folder::Never, false)?;
    }
    for key in GENERATORS {
        for entry in list(&root, key) {
            for file in texts(entry, "files") {
                let path = file.split_once('=').map_or(file, |(_, path)| path);
                named.want(path, Folder::Never, false)?;
            }
            let single = entry.get("env").and_then(Value::as_str);
            for path in texts(entry, "envs").chain(single) {
                named.want(path, Folder::Never, false)?;
            }
        }
    }
    for key in PLUGINS {
        for entry in texts(&root, key) {
            if entry.contains('\n') {
                named.by_plugin(&parse::many(file, entry.as_bytes())?)?;
            } else {
                named.want(entry, Folder::Plugins, false)?;
            }
        }
    }
    Ok(named.wants)
}

/// What the configuration of a built-in plugin may name: from where it lies, and from where it is named.
pub(super) fn named_by_plugin(want: &Want, text: &[u8]) -> Result<Vec<Want>, Fault> {
    let documents = parse::many(&want.path, text)?;
    let by = want.by.as_ref().map(|(file, _)| parent(file));
    let mut wants = Vec::new();
    for folder in [Some(parent(&want.path)), by].into_iter().flatten() {
        let mut named = Named {
            file: &want.path,
            folder,
            wants,
        };
        named.by_plugin(&documents)?;
        wants = named.wants;
    }
    Ok(wants)
}

fn list<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn texts<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v str> {
    list(value, key).filter_map(Value::as_str)
}

struct Named<'f> {
    file: &'f str,
    folder: &'f str,
    wants: Vec<Want>,
}

impl Named<'_> {
    fn want(&mut self, entry: &str, folder: Folder, optional: bool) -> Result<(), Fault> {
        if is_remote(entry) {
            return Err(Fault::Remote {
                file: self.file.to_owned(),
                entry: entry.to_owned(),
            });
        }
        match joined(self.folder, entry) {
            Some(path) => self.wants.push(Want {
                path,
                by: Some((self.file.to_owned(), shown(entry).to_owned())),
                folder,
                optional,
            }),
            // Whatever may be no path at all need not be one.
            None if optional && !entry.starts_with('/') && !entry.contains("..") => {}
            None => {
                return Err(Fault::Outside {
                    file: self.file.to_owned(),
                    entry: entry.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Anything under the keys that built-in plugins read files by; many of them are fields of objects.
    fn by_plugin(&mut self, documents: &[Value]) -> Result<(), Fault> {
        let mut rest: Vec<&Value> = documents.iter().collect();
        while let Some(value) = rest.pop() {
            match value {
                Value::Array(items) => rest.extend(items),
                Value::Object(entries) => {
                    if entries.get("kind").and_then(Value::as_str)
                        == Some("HelmChartInflationGenerator")
                    {
                        return Err(Fault::Unsupported {
                            file: self.file.to_owned(),
                            key: "HelmChartInflationGenerator".to_owned(),
                            instead: "it has kustomize fetch charts; name the chart under `render` as `helm`",
                        });
                    }
                    for (key, value) in entries {
                        let reads =
                            ["path", "paths", "files", "envs", "env"].contains(&key.as_str());
                        let several = value.as_array().into_iter().flatten();
                        for entry in several.chain([value]).filter_map(Value::as_str) {
                            if reads && !entry.contains('\n') {
                                let path = entry.split_once('=').map_or(entry, |(_, path)| path);
                                // A JSON pointer is no file, and begins with a slash.
                                if !path.starts_with('/') {
                                    self.want(path, Folder::Never, true)?;
                                }
                            }
                        }
                        rest.push(value);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let wants = names(
            "web/test/kustomization.yaml",
            Folder::Kustomization,
            text.as_bytes(),
        );
        wants.unwrap().into_iter().map(|want| want.path).collect()
    }

    fn refused(text: &str) -> String {
        let refused = names(
            "web/kustomization.yaml",
            Folder::Kustomization,
            text.as_bytes(),
        );
        refused.unwrap_err().to_string()
    }

    #[test]
    fn everything_a_kustomization_reads_is_found() {
        let text = "resources: [../base, a.yaml]\r\ncomponents: [../c]\r\npatches:\n- path: p.yaml\n- patch: |-\n    - op: x\n\
            patchesStrategicMerge:\n- s.yaml\n- |\n  kind: X\n\
            patchesJson6902: [{path: j.yaml}]\nreplacements: [{path: r.yaml}, {source: {}}]\n\
            configMapGenerator:\n- name: c\n  files: [one.txt, k=two.txt]\n  envs: [c.env]\n\
            secretGenerator:\n- {name: s, env: s.env, literals: [a=b]}\n\
            transformers:\n- t.yaml\n- |\n  kind: PatchTransformer\n  path: in.yaml\n\
            openapi: {path: api.json}\nconfigurations: [conf.yaml]\ncrds: [crd.yaml]\n";
        let mut expected = vec!["web/base", "web/c"];
        let here = [
            "a.yaml",
            "api.json",
            "c.env",
            "conf.yaml",
            "crd.yaml",
            "in.yaml",
            "j.yaml",
            "one.txt",
            "p.yaml",
            "r.yaml",
            "s.env",
            "s.yaml",
            "t.yaml",
            "two.txt",
        ];
        let here = here.map(|name| format!("web/test/{name}"));
        expected.extend(here.iter().map(String::as_str));
        let mut found = paths(text);
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_lies_elsewhere_or_outside_is_refused_by_name() {
        for (text, said) in [
            (
                "resources: ['https://example.com/a.yaml']",
                "`https://example.com/a.yaml`, which lies elsewhere",
            ),
            (
                "bases: ['github.com/acme/base?ref=v1']",
                "which lies elsewhere",
            ),
            (
                "configMapGenerator: [{files: ['k=https://example.com/k']}]",
                "which lies elsewhere",
            ),
            (
                "transformers: [\"kind: PatchTransformer\\npath: https://example.com/p\\n\"]",
                "which lies elsewhere",
            ),
            ("resources: [../../../etc/passwd]", "no path inside"),
            ("resources: [/etc/passwd]", "no path inside"),
            ("patches: [{path: '..\\..\\x'}]", "no path inside"),
            ("helmCharts: [{name: x}]", "`helmCharts`"),
            (
                "generators: [\"kind: HelmChartInflationGenerator\\nname: x\\n\"]",
                "HelmChartInflationGenerator",
            ),
            ("resources: [a\n", "cannot be read"),
            ("resources: &a [*a]", "cannot be read"),
        ] {
            let refused = refused(text);
            assert!(
                refused.contains(said) && refused.contains("web/kustomization.yaml"),
                "{refused}"
            );
        }
    }

    #[test]
    fn fields_of_objects_are_no_files_that_must_be_there() {
        let text = "transformers:\n- |\n  kind: LabelTransformer\n  fieldSpecs:\n  - path: metadata/labels\n  - path: /spec/x\n";
        let wants = names(
            "k/kustomization.yaml",
            Folder::Kustomization,
            text.as_bytes(),
        )
        .unwrap();
        assert_eq!(wants.len(), 1);
        assert!(wants[0].optional);
    }
}
