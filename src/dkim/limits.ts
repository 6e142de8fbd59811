// What a message may cost whoever verifies it. What goes beyond is a permanent error, found without the work that it asks for.

/** Fields of one kind that are looked at, from the top. The rest of them together give one more result. */
export const maxSignatures = 10;
/** The largest header of a message that is looked at. */
export const maxHeaderBytes = 512 * 1024;
/** The largest signature field. A signature of 4096 bits has 684 characters; `z=` may hold a whole header. */
export const maxSignatureFieldBytes = 32 * 1024;
/** Tags of one list. The standards know 14 of a signature. */
export const maxTags = 64;
/** Names in `h=`. */
export const maxSignedNames = 500;
/** TXT records of one key's name, and the characters of one. A key of 4096 bits has 736. */
export const maxKeyRecords = 4;
export const maxKeyRecordBytes = 4096;
/** RFC 8301 3.2: verifiers take keys of 1024 to 4096 bits at least, and must not take shorter ones. */
export const minRsaBits = 1024;
export const maxRsaBits = 4096;
/** The largest public exponent: a huge one makes a verification as slow as a signature. All keys in use have 65537 or 3. */
export const maxRsaExponent = 2n ** 33n;
/** RFC 8617 4.2.1: instances of an ARC chain. */
export const maxArcSets = 50;
/** All fields of an ARC chain together: each seal signs those before it, so the work grows with their square. */
export const maxArcBytes = 192 * 1024;
