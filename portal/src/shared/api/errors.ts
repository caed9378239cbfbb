// Generated from api/errors.def by scripts/generate.py; change it there.

/** Stable names of errors, as in the `code` of a problem+json answer. */
export type ErrorCode =
  | 'ok'
  | 'invalid_argument'
  | 'malformed'
  | 'too_large'
  | 'too_many'
  | 'unsupported'
  | 'range_not_satisfiable'
  | 'buffer_too_small'
  | 'unauthenticated'
  | 'token_expired'
  | 'token_revoked'
  | 'claim_key_unknown'
  | 'forbidden'
  | 'csrf'
  | 'not_found'
  | 'device_unknown'
  | 'update_unknown'
  | 'method_not_allowed'
  | 'conflict'
  | 'exists'
  | 'precondition_failed'
  | 'pending'
  | 'retired'
  | 'image_magic'
  | 'image_truncated'
  | 'image_format'
  | 'image_hash'
  | 'image_unsigned'
  | 'image_signature'
  | 'image_key_unknown'
  | 'image_encrypted'
  | 'image_descriptor'
  | 'key_format'
  | 'wrong_hardware'
  | 'older_version'
  | 'low_security_counter'
  | 'image_too_large'
  | 'known_bad'
  | 'already_running'
  | 'wrong_slot'
  | 'not_confirmed'
  | 'chunk_digest'
  | 'offer_invalid'
  | 'download_failed'
  | 'self_test_failed'
  | 'crashed'
  | 'crash_loop'
  | 'no_contact'
  | 'timed_out'
  | 'cancelled'
  | 'no_image'
  | 'flash_read'
  | 'flash_write'
  | 'flash_erase'
  | 'journal_lost'
  | 'journal_worn'
  | 'would_block'
  | 'network'
  | 'protocol'
  | 'overloaded'
  | 'storage_full'
  | 'storage'
  | 'database_newer'
  | 'address_in_use'
  | 'file_read'
  | 'file_write'
  | 'internal'
  | 'waiting_window'
  | 'waiting_battery'
  | 'waiting_application'
  | 'rollout_halted'
  | 'key_revoked'
  | 'image_wrapped_key'
  | 'boot_refused'
  | 'unmet_dependency';

/** One English sentence for people: what is wrong and what to do. */
export const errorTexts: Record<ErrorCode, string> = {
  ok: 'No error.',
  invalid_argument: 'A value is missing or not allowed; correct the named field and try again.',
  malformed: 'The message cannot be decoded; check that it is complete and of the stated content type.',
  too_large: 'The data is larger than the limit that applies here; send less or raise the limit.',
  too_many: 'Too many requests or entries; wait for the time given in Retry-After.',
  unsupported: 'This form of the request is not supported; see the documentation for those that are.',
  range_not_satisfiable: 'The requested range begins beyond the end of the artifact; ask for a range inside its size.',
  buffer_too_small: 'A result did not fit its buffer; this is a fault of the program, please report it.',
  unauthenticated: 'No valid credential was given; sign in, or present a device token.',
  token_expired: 'The token has expired; a device asks POST /v1/token for a new one, a person signs in again.',
  token_revoked: 'The token was revoked; the device must register again.',
  claim_key_unknown: "The claim key is not known; use the key of the device's product line.",
  forbidden: 'This account may not do that; ask an administrator for the role.',
  csrf: 'The request did not carry the CSRF header of this session; reload the page and try again.',
  not_found: 'There is nothing of that name; list what exists and try again.',
  device_unknown: 'No device of this id is registered; the device must register first.',
  update_unknown: 'This is not the update that the device was offered last; the device forgets it and checks in without its id.',
  method_not_allowed: 'This address does not take that method; see Allow for those it takes.',
  conflict: 'The present state does not allow that; look at the state and try again.',
  exists: 'There is one of that name already; choose another name or use the existing one.',
  precondition_failed: 'The object changed since it was read; read it again and repeat the change.',
  pending: 'The device waits for approval; approve it in the portal.',
  retired: 'The device has been retired; register it again under a new identity to use it.',
  image_magic: "This is not an MCUboot image: the header's magic is wrong; sign the binary first.",
  image_truncated: 'The image ends before its header says; transfer it again.',
  image_format: "The image's header or TLV area contradicts the format; sign the binary again.",
  image_hash: "The image's hash does not match its content; it was changed or damaged after signing.",
  image_unsigned: 'The image carries no signature of a supported kind; sign it with updraft image sign.',
  image_signature: "The image's signature does not verify under the given key; sign it with the matching key.",
  image_key_unknown: 'No registered key verifies this image; register the public key or sign with a registered one.',
  image_encrypted: 'The image is encrypted; that is not supported here.',
  image_descriptor: "The image's descriptor is missing or does not verify; sign it again with updraft image sign.",
  key_format: 'The key cannot be read, or is of a kind that is not taken here; give a PEM file of one that is.',
  wrong_hardware: "The image is for other hardware; offer one made for this device's hardware id.",
  older_version: 'The image is older than the running one; order a rollback if that is meant.',
  low_security_counter: "The image's security counter is below the device's; it can never be installed there.",
  image_too_large: "The image does not fit the device's slot.",
  known_bad: 'The device tried this image before and it failed; release a mended one.',
  already_running: 'The device runs this image already.',
  wrong_slot: 'The image was built for the slot that is running; offer the one for the other slot.',
  not_confirmed: 'The running image is still on trial; wait until it is confirmed.',
  chunk_digest: 'A chunk of the download does not match the chain; it was discarded.',
  offer_invalid: 'The offer contradicts itself or its signatures; nothing was erased.',
  download_failed: 'The download failed after all retries; the device will be offered it again.',
  self_test_failed: "The new firmware's self-test failed; the device went back to the previous image, if it keeps one.",
  crashed: 'The new firmware crashed on trial until its attempts were used up; the device went back to the previous image, if it keeps one.',
  crash_loop: 'The confirmed firmware kept crashing; the device went back to the previous image, if it keeps one.',
  no_contact: 'The new firmware did not reach the server in time; the device went back to the previous image, if it keeps one.',
  timed_out: 'The device made no progress in the time allowed.',
  cancelled: 'The update was cancelled.',
  no_image: 'Neither slot holds an authentic image; the device waits for recovery.',
  flash_read: 'The flash could not be read.',
  flash_write: 'The flash did not take what was written.',
  flash_erase: 'The flash could not be erased.',
  journal_lost: 'The journal holds no valid record; the device starts from its images.',
  journal_worn: 'One lane of the journal no longer takes writes; replace the device before the other wears out.',
  would_block: 'Nothing can be transferred at the moment.',
  network: 'The other side cannot be reached; check the address and the network.',
  protocol: 'The other side answered with something that the protocol does not allow.',
  overloaded: 'The server is busy; try again after the time given in Retry-After.',
  storage_full: "The server's disk is full; nothing was stored. Free space and repeat.",
  storage: 'The server cannot read or write its data; see its log.',
  database_newer: 'The database was written by a newer version of the server; start that version.',
  address_in_use: 'The address is in use by another program; stop it or choose another port.',
  file_read: 'The file cannot be read; check its name and permissions.',
  file_write: 'The file cannot be written; check its folder and permissions.',
  internal: 'Something went wrong inside the program; please report it with the log.',
  waiting_window: 'The device waits for its maintenance window.',
  waiting_battery: 'The device waits until its battery is charged enough.',
  waiting_application: "The device's application, or its user, has not agreed to go on yet.",
  rollout_halted: 'The rollout was halted; see why, then resume it or release a mended image.',
  key_revoked: 'The image is signed by a key that has been revoked; sign it with a key that is still believed.',
  image_wrapped_key: "The image's key cannot be unwrapped: it was encrypted for another key, or was changed; give the matching decryption key.",
  boot_refused: 'The bootloader did not install the image; compare its keys, slots and downgrade rules with those of the agent.',
  unmet_dependency: 'The image asks for another image, or for a higher version of itself; a device has one image.',
};
