// Cloudflare Access: who its signed assertion says is asking. Called by workers/operators.ts with
// the header of one request. Keys come from the team's certificate address and are kept; the
// network is asked again at most every half minute, and never waited for longer than its time-out.

import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';

const KEYS_TIMEOUT_MS = 5_000;
const KEYS_COOLDOWN_MS = 30_000;
const KEYS_MAX_AGE_MS = 600_000;
const CLOCK_TOLERANCE_SECONDS = 30;
/** What Access signs with. Naming it keeps `none` and a shared-secret confusion out. */
const ALGORITHMS = ['RS256'];

export interface AccessConfig {
  /** `https://<team>.cloudflareaccess.com`: the issuer, and where its keys lie. */
  issuer: string;
  audience: string;
  /** Where the keys are, when not at the issuer's own address. */
  certsUrl?: string;
  /** How they are fetched, when not by the platform's fetch. */
  fetch?: typeof fetch;
}

/** A person has an email address; a service token only the name of its client id. */
const claimsSchema = z.union([
  z.object({ email: z.email().max(320) }).transform(({ email }) => email.toLowerCase()),
  z
    .object({ common_name: z.string().min(1).max(320) })
    .transform(({ common_name: name }) => `service:${name}`),
]);

export type Verify = (assertion: string, nowMs: number) => Promise<string>;

/**
 * Answers who the assertion was issued to. Throws AppError unauthorized with the reason, or
 * dependency_unavailable while the keys can't be had.
 */
export function accessVerifier(config: AccessConfig): Verify {
  const keys = createRemoteJWKSet(
    new URL(config.certsUrl ?? `${config.issuer}/cdn-cgi/access/certs`),
    {
      timeoutDuration: KEYS_TIMEOUT_MS,
      cooldownDuration: KEYS_COOLDOWN_MS,
      cacheMaxAge: KEYS_MAX_AGE_MS,
      [customFetch]: (url, options) => (config.fetch ?? fetch)(url, options),
    },
  );
  return async (assertion, nowMs) => {
    const { payload } = await jwtVerify(assertion, keys, {
      algorithms: ALGORITHMS,
      issuer: config.issuer,
      audience: config.audience,
      requiredClaims: ['exp', 'iat'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs),
    }).catch((error: unknown): never => {
      throw refusal(error);
    });
    const who = claimsSchema.safeParse(payload);
    if (!who.success) {
      throw unauthorized('names neither a person nor a service token');
    }
    return who.data;
  };
}

const unauthorized = (why: string) =>
  new AppError('unauthorized', `The Cloudflare Access assertion ${why}.`);

/** Whose fault it is: the assertion's, or of an address that gave no keys. */
function refusal(error: unknown): AppError {
  if (error instanceof errors.JWTExpired) return unauthorized('has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthorized(`is not for this service (${error.claim})`);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return unauthorized('was signed with a key that this team does not have');
  }
  if (
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSENotSupported
  ) {
    return unauthorized('is not signed as it should be');
  }
  return new AppError('dependency_unavailable', 'Sign-in cannot be checked right now. Try again.', {
    internalMessage: `access certs: ${error instanceof Error ? error.name : 'unknown failure'}`,
    retryAfterSeconds: 5,
    cause: error,
  });
}
