use super::*;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A vault that gives these answers in turn, then goes on giving the last one; each answer takes a moment.
struct Scripted {
    answers: Mutex<VecDeque<Result<&'static str, SecretError>>>,
    reads: AtomicUsize,
    delay: Duration,
}

impl Scripted {
    fn new<const N: usize>(answers: [Result<&'static str, SecretError>; N]) -> Arc<Self> {
        Self::slow(answers, Duration::from_millis(2))
    }

    fn slow<const N: usize>(answers: [Result<&'static str, SecretError>; N], delay: Duration) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into()), reads: AtomicUsize::new(0), delay })
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

impl Vault for Arc<Scripted> {
    async fn read(&self, id: &str) -> Result<Secret, SecretError> {
        assert_eq!(id, "stack/stripe");
        let answer = {
            let mut answers = self.answers.lock().unwrap();
            if answers.len() > 1 { answers.pop_front().unwrap() } else { answers.front().unwrap().clone() }
        };
        self.reads.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        answer.map(|text| Secret::new(text.to_owned()))
    }
}

#[derive(Debug, PartialEq)]
struct Word(String);

impl Document for Word {
    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        if secret.expose() == "garbage" {
            Err(SecretError::Unreadable("word"))
        } else {
            Ok(Self(secret.expose().to_owned()))
        }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_700_000_000_000 + second * 1_000)
}

fn cache(vault: &Arc<Scripted>) -> Cached<Word, Arc<Scripted>> {
    Cached::new(Arc::clone(vault), "stack/stripe", 0)
}

async fn word(cache: &Cached<Word, Arc<Scripted>>, second: i64) -> Result<String, SecretError> {
    cache.get(at(second)).await.map(|word| word.0.clone())
}

#[tokio::test]
async fn a_value_is_read_once_until_its_time_is_over() {
    let vault = Scripted::new([Ok("one"), Ok("two")]);
    let cache = cache(&vault);
    for second in [0, 1, 299] {
        assert_eq!(word(&cache, second).await.unwrap(), "one");
    }
    assert_eq!(vault.reads(), 1);
    assert_eq!(word(&cache, 300).await.unwrap(), "two");
    assert_eq!(vault.reads(), 2);
}

#[tokio::test]
async fn a_hundred_callers_make_one_read() {
    let vault = Scripted::new([Ok("one")]);
    let cache = Arc::new(cache(&vault));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { word(&cache, 0).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "one");
    }
    assert_eq!(vault.reads(), 1);
}

#[tokio::test]
async fn a_hundred_callers_of_a_cold_start_without_secrets_manager_wait_for_one_read() {
    let vault = Scripted::new([Err(SecretError::Unreachable)]);
    let cache = Arc::new(cache(&vault));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move { word(&cache, 0).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), Err(SecretError::Unreachable));
    }
    assert_eq!(vault.reads(), 1);
}

#[tokio::test]
async fn while_secrets_manager_is_down_the_old_value_serves_and_the_trouble_is_known() {
    let vault = Scripted::new([Ok("one"), Err(SecretError::Unreachable), Ok("two")]);
    let cache = cache(&vault);
    assert_eq!(word(&cache, 0).await.unwrap(), "one");
    assert_eq!(word(&cache, 400).await.unwrap(), "one");
    assert_eq!(cache.trouble(), Some(SecretError::Unreachable));
    // It is not asked again for every request.
    assert_eq!(word(&cache, 405).await.unwrap(), "one");
    assert_eq!(vault.reads(), 2);
    assert_eq!(word(&cache, 411).await.unwrap(), "two");
    assert_eq!(cache.trouble(), None);
}

/// A word that lets somebody in.
#[derive(Debug, PartialEq)]
struct Password(Word);

impl Document for Password {
    const SERVES_AT_MOST: Duration = REVOCABLE_SERVES_AT_MOST;

    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        Word::parse(secret).map(Self)
    }
}

#[tokio::test]
async fn what_may_have_been_revoked_serves_for_an_hour_and_what_others_judge_for_ever() {
    let vault = Scripted::new([Ok("one"), Err(SecretError::Unreachable)]);
    let passwords = Cached::<Password, _>::new(Arc::clone(&vault), "stack/stripe", 0);
    assert!(passwords.get(at(0)).await.is_ok());
    assert!(passwords.get(at(3_599)).await.is_ok());
    assert_eq!(passwords.get(at(3_600)).await, Err(SecretError::Unreachable));
    assert_eq!(passwords.refresh(at(3_601)).await, Err(SecretError::Unreachable));
    assert_eq!(vault.reads(), 2, "not even now it is asked more than once in ten seconds");
    assert_eq!(passwords.refresh(at(3_612)).await, Err(SecretError::Unreachable));
    assert_eq!(vault.reads(), 3);

    let vault = Scripted::new([Ok("one"), Err(SecretError::Unreachable)]);
    let words = cache(&vault);
    assert_eq!(word(&words, 0).await.unwrap(), "one");
    assert_eq!(word(&words, 1_000_000).await.unwrap(), "one");
}

#[tokio::test]
async fn nobody_waits_long_for_a_new_value_while_there_is_an_old_one() {
    let vault = Scripted::slow([Ok("one")], PATIENCE_WITH_AN_OLD_VALUE.saturating_mul(2));
    let cache = cache(&vault);
    let took = async |second| {
        let before = tokio::time::Instant::now();
        assert_eq!(word(&cache, second).await.unwrap(), "one");
        before.elapsed()
    };
    assert!(took(0).await >= PATIENCE_WITH_AN_OLD_VALUE.saturating_mul(2), "without a value, the vault is waited for");
    assert!(took(400).await < PATIENCE_WITH_AN_OLD_VALUE.saturating_mul(2));
    assert_eq!(cache.trouble(), Some(SecretError::Unreachable));
}

#[tokio::test]
async fn a_cold_start_without_secrets_manager_fails_with_the_reason_and_then_recovers() {
    let refused = SecretError::Refused { code: "AccessDeniedException".to_owned() };
    let vault = Scripted::new([Err(refused.clone()), Ok("garbage"), Ok("one")]);
    let cache = cache(&vault);
    assert_eq!(word(&cache, 0).await, Err(refused));
    assert_eq!(word(&cache, 1).await, Err(SecretError::Unreadable("word")));
    assert_eq!(word(&cache, 2).await.unwrap(), "one");
}

#[tokio::test]
async fn a_broken_new_version_does_not_replace_a_good_old_one() {
    let vault = Scripted::new([Ok("one"), Ok("garbage")]);
    let cache = cache(&vault);
    assert_eq!(word(&cache, 0).await.unwrap(), "one");
    assert_eq!(word(&cache, 400).await.unwrap(), "one");
    assert_eq!(cache.trouble(), Some(SecretError::Unreadable("word")));
}

#[tokio::test]
async fn a_refresh_is_granted_once_in_ten_seconds() {
    let vault = Scripted::new([Ok("one"), Ok("two"), Ok("three")]);
    let cache = cache(&vault);
    assert_eq!(word(&cache, 0).await.unwrap(), "one");
    assert_eq!(cache.refresh(at(9)).await.unwrap().0, "one");
    assert_eq!(cache.refresh(at(10)).await.unwrap().0, "two");
    assert_eq!(cache.refresh(at(19)).await.unwrap().0, "two");
    assert_eq!(word(&cache, 19).await.unwrap(), "two");
    assert_eq!(cache.refresh(at(20)).await.unwrap().0, "three");
    assert_eq!(vault.reads(), 3);
}

#[tokio::test]
async fn a_clock_that_jumps_back_does_not_keep_a_value_for_ever() {
    let vault = Scripted::new([Ok("one"), Ok("two")]);
    let cache = cache(&vault);
    assert_eq!(word(&cache, 1_000_000).await.unwrap(), "one");
    assert_eq!(word(&cache, 0).await.unwrap(), "two");
}

#[tokio::test]
async fn environments_come_back_at_different_times() {
    let lifetimes: std::collections::BTreeSet<Duration> = (0..50_u64)
        .map(|dice| {
            Cached::<Word, _>::new(Scripted::new([Ok("one")]), "id", dice.wrapping_mul(0x9e37_79b9_7f4a_7c15))
                .time_to_live
        })
        .collect();
    assert!(lifetimes.len() > 40);
    assert!(lifetimes.iter().all(|lifetime| (Duration::from_secs(240)..=TIME_TO_LIVE).contains(lifetime)));
}

#[tokio::test]
async fn secrets_manager_is_asked_for_the_current_version_and_its_refusals_are_told_apart() {
    let (aws, _script) = crate::aws::tests::Script::of(vec![
        (200, r#"{"Name":"n","SecretString":"the-text"}"#.to_owned()),
        (400, r#"{"__type":"ResourceNotFoundException","message":"no"}"#.to_owned()),
        (200, r#"{"Name":"n","SecretBinary":"AAAA"}"#.to_owned()),
    ]);
    let vault = SecretsManager::new(aws.secrets_manager());
    assert_eq!(vault.read("id").await.unwrap().expose(), "the-text");
    assert_eq!(vault.read("id").await, Err(SecretError::Refused { code: "ResourceNotFoundException".to_owned() }));
    assert_eq!(vault.read("id").await, Err(SecretError::Unreadable("text")));
}
