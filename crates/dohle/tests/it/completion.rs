//! What `dohle completion` and `dohle man` write.

use crate::golden::Folder;
use std::fs;
use std::process::Command;

/// What bash would offer for the last word of a line.
#[track_caller]
fn offered(folder: &Folder, line: &str) -> Vec<String> {
    let script = "source completion; read -ra COMP_WORDS <<<\"$1\"; \
                  [[ $1 == *' ' ]] && COMP_WORDS+=(''); \
                  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _dohle; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash")
        .args(["-u", "-c", script, "bash", line])
        .current_dir(&folder.0)
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes() {
    let folder = Folder::new("completion-bash");
    let (code, script, _) = folder.told(&["completion", "bash"]);
    assert_eq!(code, 0);
    fs::write(folder.0.join("completion"), script).unwrap();
    for (line, expected) in [
        ("dohle to", &["topics"][..]),
        ("dohle topics --li", &["--list"]),
        ("dohle kafka-topics.sh --li", &["--list"]),
        ("kafka-topics.sh --list --top", &["--topic", "--topic-id", "--topics-with-overrides"]),
        ("bin/kafka-topics --al", &["--alter"]),
        ("dohle topics --ou", &["--output"]),
        ("dohle topics --output j", &["json"]),
        ("dohle topics --output t", &["text", "table"]),
        ("dohle cluster list-endpoints --ou", &["--output"]),
        ("dohle storage info --ou", &[]),
        ("kafka-topics.sh --ou", &[]),
        ("dohle storage f", &["format", "feature-dependencies"]),
        ("dohle storage format --cl", &["--cluster-id"]),
        ("kafka-storage.sh format --cl", &["--cluster-id"]),
        ("kafka-storage.sh info --cl", &[]),
        // A value, which may be a file's name.
        ("dohle topics --topic --li", &[]),
        ("dohle topics x", &[]),
        ("dohle bogus x", &[]),
    ] {
        assert_eq!(offered(&folder, line), expected, "{line}");
    }
}

/// A command knows `--output` by its own name only. There is no zsh to ask on every machine; what it reads is looked at.
#[test]
fn zsh_and_fish_know_the_forms_of_an_answer() {
    let folder = Folder::new("completion-output");
    let (_, zsh, _) = folder.told(&["completion", "zsh"]);
    let line = zsh.lines().find(|line| line.contains("--output["));
    let line = line.unwrap_or_else(|| panic!("{zsh}"));
    assert!(line.contains(" topics ") && !line.contains("kafka-topics"), "{line}");
    assert!(
        line.contains("own=('*--output[") && line.contains(":form:(text json table)'"),
        "{line}"
    );
    let arguments = zsh.matches("_arguments ").count();
    assert!(arguments > 40 && zsh.matches("_arguments $own ").count() == arguments, "{zsh}");
    let (_, fish, _) = folder.told(&["completion", "fish"]);
    let topics = "-n '__fish_seen_subcommand_from topics' -l output -r -f -a 'text json table'";
    assert!(fish.contains(topics), "{fish}");
}

#[test]
fn every_command_has_a_page_and_completions() {
    let folder = Folder::new("completion-all");
    let (_, help, _) = folder.told(&["--help"]);
    let commands: Vec<_> = help
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next())
        .filter(|name| !name.starts_with('-'))
        .collect();
    assert!(commands.len() > 30, "{commands:?}");
    let (code, told, _) = folder.told(&["man", "pages"]);
    assert_eq!((code, told), (0, format!("{} pages in pages\n", commands.len() + 1)));
    let overview = fs::read_to_string(folder.0.join("pages/dohle.1")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (code, script, _) = folder.told(&["completion", shell]);
        assert_eq!(code, 0);
        for command in &commands {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    for command in &commands {
        let page = folder.0.join(format!("pages/dohle-{command}.1"));
        let page = fs::read_to_string(page).unwrap();
        assert!(page.starts_with(".TH DOHLE\\-"), "{page}");
        assert!(overview.contains(&command.replace('-', "\\-")), "{command}");
        // Each option that its usage shows.
        let (_, usage, _) = folder.told(&[command, "--help"]);
        let options = usage.split_whitespace().filter(|word| word.starts_with("--"));
        for option in options.filter(|word| word.trim_start_matches('-').len() > 1) {
            let name: String = option
                .chars()
                .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '-')
                .collect();
            if !matches!(name.as_str(), "--help" | "--version") {
                assert!(page.contains(&name.replace('-', "\\-")), "{command}: {name}");
            }
        }
    }
}

#[test]
fn wrong_words_are_answered_with_usage() {
    let folder = Folder::new("completion-usage");
    for words in [&["completion"][..], &["completion", "tcsh"], &["man"]] {
        let (code, out, err) = folder.told(words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}");
        assert!(err.starts_with(&format!("USAGE: dohle {}", words[0])), "{err}");
    }
}
