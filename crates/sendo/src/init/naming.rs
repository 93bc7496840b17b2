//! Reads from a path which application and which environment it is about.

/// What environments are called, in the order a revision travels.
const ENVIRONMENTS: [&str; 21] = [
    "local",
    "sandbox",
    "dev",
    "develop",
    "development",
    "test",
    "testing",
    "qa",
    "int",
    "integration",
    "stg",
    "stage",
    "staging",
    "uat",
    "pre",
    "preprod",
    "preview",
    "prod",
    "production",
    "prd",
    "live",
];
/// The first of them that people depend on.
const PRODUCTION: usize = 17;

/// Folders that are named after what they hold, not after whom.
const GENERIC: [&str; 28] = [
    "app",
    "apps",
    "application",
    "applications",
    "base",
    "bases",
    "chart",
    "charts",
    "cluster",
    "clusters",
    "config",
    "deploy",
    "deployment",
    "deployments",
    "env",
    "environment",
    "environments",
    "envs",
    "helm",
    "k8s",
    "kubernetes",
    "kustomize",
    "manifests",
    "overlay",
    "overlays",
    "service",
    "services",
    "values",
];

/// The environment a part of a path names, such as `prod`, `prod-tokyo` or that of
/// `values-prod.yaml`.
fn environment(part: &str) -> Option<String> {
    let stem = part
        .split('.')
        .find(|piece| !["yaml", "yml", "json"].contains(piece));
    let words: Vec<&str> = part.split(['.', '_']).collect();
    // `values.prod.yaml`, `values_prod.yaml`.
    if let Some(word) = words.iter().find(|word| is_environment(word)) {
        return Some((*word).to_ascii_lowercase());
    }
    let stem = stem?;
    let pieces: Vec<&str> = stem.split('-').collect();
    let at = pieces.iter().position(|piece| is_environment(piece))?;
    // `prod-tokyo` is an environment; of `values-prod` and `web-prod` only the end is.
    let named = if at == 0 { &pieces[..] } else { &pieces[at..] };
    Some(named.join("-").to_ascii_lowercase())
}

fn is_environment(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    ENVIRONMENTS.contains(&word.as_str())
}

/// How far along an environment is; one of no known name comes in between.
pub(super) fn rank(environment: &str) -> usize {
    let first = environment.split('-').next().unwrap_or(environment);
    let known = ENVIRONMENTS.iter().position(|name| *name == first);
    known.unwrap_or(PRODUCTION - 1)
}

/// Whether people depend on an environment of that name.
pub(super) fn is_production(environment: &str) -> bool {
    rank(environment) >= PRODUCTION
}

/// The last part of an image's name.
pub(super) fn image_name(image: &str) -> &str {
    image.rsplit('/').next().unwrap_or(image)
}

/// The environment of a place; `production` where its path names none, as there is one only.
pub(super) fn environment_of(path: &str) -> String {
    let mut parts = path.rsplit('/');
    parts
        .find_map(environment)
        .unwrap_or_else(|| "production".to_owned())
}

/// What the application of a place may be called, most telling first.
pub(super) fn candidates(path: &str, image: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in path.rsplit('/') {
        let stem = part.split('.').next().unwrap_or(part);
        let is_file = part.ends_with(".yaml") || part.ends_with(".yml") || part.ends_with(".json");
        // The application of `web-prod` and of `web-prod.yaml` is `web`.
        let pieces: Vec<&str> = stem.split('-').collect();
        let own = match pieces.iter().position(|piece| is_environment(piece)) {
            Some(at) => pieces[..at].join("-"),
            None if is_file && environment(part).is_some() => String::new(),
            None => stem.to_owned(),
        };
        let lower = own.to_ascii_lowercase();
        if !own.is_empty() && !GENERIC.contains(&lower.as_str()) && lower != "kustomization" {
            names.push(lower);
        }
    }
    names.push(image_name(image).to_ascii_lowercase());
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_the_environment() {
        let told = [
            ("example1/overlays/test", "test"),
            ("envs/prod-tokyo/web", "prod-tokyo"),
            ("apps/web/values-prod.yaml", "prod"),
            ("apps/web/values.staging.yaml", "staging"),
            ("apps/web-prod", "prod"),
            ("apps/web", "production"),
        ];
        for (path, environment) in told {
            assert_eq!(environment_of(path), environment, "{path}");
        }
    }

    #[test]
    fn a_path_tells_the_application() {
        let told = [
            ("example1/overlays/test", "example1"),
            ("envs/prod/web", "web"),
            ("apps/web/values-prod.yaml", "web"),
            ("apps/web-api-prod/kustomization.yaml", "web-api"),
            ("prod", "api"),
        ];
        for (path, application) in told {
            assert_eq!(
                candidates(path, "registry/acme/api")[0],
                application,
                "{path}"
            );
        }
    }
}
