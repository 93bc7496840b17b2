//! What to say when the configuration on disk is not the one the server goes by.

use sendo_core::view::Configuration;

use crate::Language;

/// A line for each thing that is amiss; none when all of it counts.
#[must_use]
pub(crate) fn amiss(configuration: &Configuration, language: Language) -> Vec<String> {
    let refused = configuration.refused.as_ref().map(|why| match language {
        Language::En => format!(
            "The configuration on disk is not used: {why}. Sendo goes on with the one before it. Next: correct it, and it is loaded by itself; `sendo validate` shows everything that is wrong with it."
        ),
        Language::Ja => format!(
            "ディスク上の設定は使われていません: {why}。Sendo は直前の設定で動き続けています。次: 直せば自動で読み直されます。`sendo validate` で問題がすべて見られます。"
        ),
    });
    let restart = (!configuration.restart.is_empty()).then(|| {
        let keys = configuration.restart.join(", ");
        match language {
            Language::En => format!("Changed on disk, and used only after a restart: {keys}."),
            Language::Ja => format!("ディスク上で変更され、再起動後に有効になる項目: {keys}。"),
        }
    });
    refused.into_iter().chain(restart).collect()
}
