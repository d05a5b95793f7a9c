//! Keys of TLS, SASL and delegation tokens.

use super::row::{
    CALLBACKS, Key, SASL, TLS, TOKENS, boolean, class, class_or_null, double, int, int_or_null,
    list, long, password_or_null, short, string, string_or_null,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    long("connections.max.reauth.ms", "0").not_built(SASL)
        .doc("How long an authenticated session lasts before the client must prove itself again."),
    int("sasl.server.max.receive.size", "524288").not_built(SASL)
        .doc("Largest frame before authentication."),
    string_or_null("security.providers").low().no_meaning("providers are Java classes")
        .doc("Security providers to install."),
    class("principal.builder.class", "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder")
        .per_broker().refused(CALLBACKS).doc("Class that names who a connection belongs to."),
    string("ssl.client.auth", "none").one_of(&["required", "requested", "none"]).per_broker().not_built(TLS)
        .doc("Whether clients must, may or need not show a certificate."),
    string("ssl.principal.mapping.rules", "DEFAULT").low().not_built(TLS)
        .doc("Rules that turn a certificate's name into a user's."),
    boolean("ssl.allow.dn.changes", "false").low().not_built(TLS)
        .doc("Whether a renewed keystore may have another name."),
    boolean("ssl.allow.san.changes", "false").low().not_built(TLS)
        .doc("Whether a renewed keystore may have other alternative names."),
    string("ssl.protocol", "TLSv1.3").per_broker().not_built(TLS)
        .doc("TLS version that contexts are made with."),
    string_or_null("ssl.provider").per_broker().not_built(TLS)
        .doc("Provider of the TLS implementation."),
    list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3").list().per_broker().not_built(TLS)
        .doc("TLS versions that are spoken."),
    string("ssl.keystore.type", "JKS").per_broker().not_built(TLS).doc("Format of the keystore."),
    string_or_null("ssl.keystore.location").per_broker().not_built(TLS)
        .doc("File of the keystore."),
    password_or_null("ssl.keystore.password").per_broker().not_built(TLS)
        .doc("Password of the keystore."),
    password_or_null("ssl.key.password").per_broker().not_built(TLS)
        .doc("Password of the private key."),
    password_or_null("ssl.keystore.key").per_broker().not_built(TLS)
        .doc("The private key itself, as PEM."),
    password_or_null("ssl.keystore.certificate.chain").per_broker().not_built(TLS)
        .doc("The certificates themselves, as PEM."),
    string("ssl.truststore.type", "JKS").per_broker().not_built(TLS)
        .doc("Format of the truststore."),
    string_or_null("ssl.truststore.location").per_broker().not_built(TLS)
        .doc("File of the truststore."),
    password_or_null("ssl.truststore.password").per_broker().not_built(TLS)
        .doc("Password of the truststore."),
    password_or_null("ssl.truststore.certificates").per_broker().not_built(TLS)
        .doc("The trusted certificates themselves, as PEM."),
    string("ssl.keymanager.algorithm", "SunX509").per_broker().not_built(TLS)
        .doc("Algorithm of the key manager."),
    string("ssl.trustmanager.algorithm", "PKIX").per_broker().not_built(TLS)
        .doc("Algorithm of the trust manager."),
    string("ssl.endpoint.identification.algorithm", "https").low().per_broker().not_built(TLS)
        .doc("How a server's name is checked against its certificate; empty does not."),
    string_or_null("ssl.secure.random.implementation").low().per_broker().not_built(TLS)
        .doc("Source of randomness for TLS."),
    list("ssl.cipher.suites", "").list().per_broker().not_built(TLS)
        .doc("Cipher suites that are allowed; empty means the defaults."),
    class_or_null("ssl.engine.factory.class").low().per_broker().not_built(TLS)
        .doc("Class that makes TLS engines."),
    string("sasl.mechanism.inter.broker.protocol", "GSSAPI").per_broker().not_built(SASL)
        .doc("SASL mechanism between brokers."),
    list("sasl.enabled.mechanisms", "GSSAPI").list().per_broker().not_built(SASL)
        .doc("SASL mechanisms that clients may use."),
    class_or_null("sasl.server.callback.handler.class").not_built(SASL)
        .doc("Class that checks credentials on the server."),
    list("sasl.kerberos.principal.to.local.rules", "DEFAULT").list().per_broker().not_built(SASL)
        .doc("Rules that turn a Kerberos principal into a short name."),
    password_or_null("sasl.jaas.config").per_broker().not_built(SASL)
        .doc("Login settings in JAAS form."),
    class_or_null("sasl.client.callback.handler.class").not_built(SASL)
        .doc("Class that supplies credentials of the node's own connections."),
    class_or_null("sasl.login.class").not_built(SASL).doc("Class that logs in."),
    class_or_null("sasl.login.callback.handler.class").not_built(SASL)
        .doc("Class that answers the login's questions."),
    string_or_null("sasl.kerberos.service.name").per_broker().not_built(SASL)
        .doc("Kerberos name that brokers run as."),
    string("sasl.kerberos.kinit.cmd", "/usr/bin/kinit").per_broker().not_built(SASL)
        .doc("Path of kinit."),
    double("sasl.kerberos.ticket.renew.window.factor", "0.8").per_broker().not_built(SASL)
        .doc("Share of a ticket's life after which it is renewed."),
    double("sasl.kerberos.ticket.renew.jitter", "0.05").per_broker().not_built(SASL)
        .doc("Random part added to that time."),
    long("sasl.kerberos.min.time.before.relogin", "60000").per_broker().not_built(SASL)
        .doc("Shortest time between two logins."),
    double("sasl.login.refresh.window.factor", "0.8").per_broker().not_built(SASL)
        .doc("Share of a credential's life after which it is refreshed."),
    double("sasl.login.refresh.window.jitter", "0.05").per_broker().not_built(SASL)
        .doc("Random part added to that time."),
    short("sasl.login.refresh.min.period.seconds", "60").per_broker().not_built(SASL)
        .doc("Shortest time between two refreshes."),
    short("sasl.login.refresh.buffer.seconds", "300").per_broker().not_built(SASL)
        .doc("Time before expiry that a refresh keeps free."),
    int_or_null("sasl.login.connect.timeout.ms").low().not_built(SASL)
        .doc("Time limit for reaching the identity provider."),
    int_or_null("sasl.login.read.timeout.ms").low().not_built(SASL)
        .doc("Time limit for the identity provider's answer."),
    long("sasl.login.retry.backoff.max.ms", "10000").low().not_built(SASL)
        .doc("Longest pause between login attempts."),
    long("sasl.login.retry.backoff.ms", "100").low().not_built(SASL)
        .doc("First pause between login attempts."),
    class("sasl.oauthbearer.jwt.retriever.class", "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever")
        .not_built(SASL).doc("Class that fetches tokens."),
    class("sasl.oauthbearer.jwt.validator.class", "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator")
        .not_built(SASL).doc("Class that checks tokens."),
    string_or_null("sasl.oauthbearer.scope").not_built(SASL).doc("Scope that is asked for."),
    string_or_null("sasl.oauthbearer.client.credentials.client.id").not_built(SASL)
        .doc("Client id at the identity provider."),
    password_or_null("sasl.oauthbearer.client.credentials.client.secret").not_built(SASL)
        .doc("Secret of that client."),
    string("sasl.oauthbearer.assertion.algorithm", "RS256").one_of_any_case(&["ES256", "RS256"])
        .not_built(SASL).doc("Algorithm that assertions are signed with."),
    string_or_null("sasl.oauthbearer.assertion.claim.aud").not_built(SASL)
        .doc("Audience claim of assertions."),
    int("sasl.oauthbearer.assertion.claim.exp.seconds", "300").between(0, 86400).low().not_built(SASL)
        .doc("How long assertions hold."),
    string_or_null("sasl.oauthbearer.assertion.claim.iss").not_built(SASL)
        .doc("Issuer claim of assertions."),
    boolean("sasl.oauthbearer.assertion.claim.jti.include", "false").not_built(SASL)
        .doc("Whether assertions get an id of their own."),
    int("sasl.oauthbearer.assertion.claim.nbf.seconds", "60").between(0, 3600).low().not_built(SASL)
        .doc("How far back assertions begin to hold."),
    string_or_null("sasl.oauthbearer.assertion.claim.sub").not_built(SASL)
        .doc("Subject claim of assertions."),
    string_or_null("sasl.oauthbearer.assertion.file").not_built(SASL)
        .doc("File with a ready assertion."),
    string_or_null("sasl.oauthbearer.assertion.private.key.file").not_built(SASL)
        .doc("File of the key that signs assertions."),
    password_or_null("sasl.oauthbearer.assertion.private.key.passphrase").not_built(SASL)
        .doc("Password of that key."),
    string_or_null("sasl.oauthbearer.assertion.template.file").not_built(SASL)
        .doc("File with fixed claims of assertions."),
    string("sasl.oauthbearer.scope.claim.name", "scope").low().not_built(SASL)
        .doc("Claim that holds the scope."),
    string("sasl.oauthbearer.sub.claim.name", "sub").low().not_built(SASL)
        .doc("Claim that holds the subject."),
    string_or_null("sasl.oauthbearer.token.endpoint.url").not_built(SASL)
        .doc("Where tokens are fetched."),
    string_or_null("sasl.oauthbearer.jwks.endpoint.url").not_built(SASL)
        .doc("Where the provider's keys are fetched."),
    long("sasl.oauthbearer.jwks.endpoint.refresh.ms", "3600000").low().not_built(SASL)
        .doc("How often those keys are fetched anew."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", "100").low().not_built(SASL)
        .doc("First pause before they are fetched again after a failure."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", "10000").low().not_built(SASL)
        .doc("Longest such pause."),
    int("sasl.oauthbearer.clock.skew.seconds", "30").low().not_built(SASL)
        .doc("Difference of clocks that is tolerated."),
    boolean("sasl.oauthbearer.allow.unverified.audience", "false").not_built(SASL)
        .doc("Whether tokens without a checked audience pass."),
    list("sasl.oauthbearer.expected.audience", "").list().high().not_built(SASL)
        .doc("Audiences that tokens must be for."),
    boolean("sasl.oauthbearer.allow.unverified.issuer", "false").not_built(SASL)
        .doc("Whether tokens without a checked issuer pass."),
    string_or_null("sasl.oauthbearer.expected.issuer").high().not_built(SASL)
        .doc("Issuer that tokens must be from."),
    password_or_null("delegation.token.secret.key").refused(TOKENS)
        .doc("Secret that delegation tokens are signed with, the same on all nodes."),
    long("delegation.token.max.lifetime.ms", "604800000").at_least(1).not_built(TOKENS)
        .doc("Longest life of a token, renewals included."),
    long("delegation.token.expiry.time.ms", "86400000").at_least(1).not_built(TOKENS)
        .doc("Life of a token until its next renewal."),
    long("delegation.token.expiry.check.interval.ms", "3600000").at_least(1).low().not_built(TOKENS)
        .doc("How often expired tokens are looked for."),
];
