//! Sample comparisons of what a cluster would see.

use sendo_core::rendering::{
    Becomes, Comparison, FieldChange, ObjectChange, ObjectId, Objects, Rendered, Rendering,
};

/// What that does to a cluster: every way in which it can be told.
pub(crate) fn objects() -> Vec<Objects> {
    let object = |group: &str, kind: &str, name: &str, becomes| ObjectChange {
        object: ObjectId {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: (kind != "Namespace").then(|| "prod".to_owned()),
            name: name.to_owned(),
        },
        becomes,
        fields: Vec::new(),
        more_fields: 0,
    };
    let field = |path: &str, old: Option<&str>, new: Option<&str>| FieldChange {
        path: path.to_owned(),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        secret: false,
    };
    let deployment = ObjectChange {
        fields: vec![
            field(
                "spec.template.spec.containers[web].image",
                Some("web:1"),
                Some("web:2"),
            ),
            field(
                "metadata.annotations[\"a.b/c\"]",
                None,
                Some("<b>\u{1b}[31m\u{202e}本番"),
            ),
            field("spec.paused", Some("true"), None),
        ],
        more_fields: 12,
        ..object("apps", "Deployment", "example1", Becomes::Changed)
    };
    let secret = ObjectChange {
        fields: vec![FieldChange {
            secret: true,
            ..field("data.token", None, None)
        }],
        ..object("", "Secret", "token", Becomes::Changed)
    };
    let kustomize = |path: &str| Rendering::Kustomize {
        path: path.to_owned(),
    };
    let compared = |changes, more| {
        Rendered::Compared(Comparison {
            same: 7,
            changes,
            more,
        })
    };
    let namespace = || object("", "Namespace", "prod", Becomes::Added);
    let chart = Rendering::Helm {
        chart: "charts/example1".to_owned(),
        values: vec!["prod/values.yaml".to_owned()],
        release: "example1".to_owned(),
        namespace: "prod".to_owned(),
    };
    let cannot = Rendered::Cannot {
        reason_code: "renderer_refused".to_owned(),
        message: "helm refused: <b>no</b> `Chart.yaml`".to_owned(),
    };
    let plain = Rendering::Plain {
        path: "crds".to_owned(),
    };
    let service = object("", "Service", "old", Becomes::Removed);
    let each = [
        (
            kustomize("prod"),
            compared(vec![namespace(), secret, service, deployment], 0),
        ),
        (chart, cannot),
        (plain, compared(Vec::new(), 0)),
        (kustomize("."), compared(vec![namespace()], 300)),
    ];
    let each = each.into_iter();
    let each = each.map(|(rendering, rendered)| Objects {
        rendering,
        rendered,
    });
    each.collect()
}
