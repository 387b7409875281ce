/** A signed InRelease that is the same in every run, and the public key: the secret one is gone. */
export const SIGNED_RELEASE = {
  key: `-----BEGIN PGP PUBLIC KEY BLOCK-----

xiYEaVW5ABu5OxRsDBBsf8KGn5PQ/XkvGPa1KHd3/EQ1xBgGGeaUwM0MVGVz
dCBBcmNoaXZlwsAPBBMbCgCFBYJpVbkAAwsJBwkQsrR9fJCCnKRFFAAAAAAA
HAAgc2FsdEBub3RhdGlvbnMub3BlbnBncGpzLm9yZ5sq2yfIdpz5yF7JVVUq
1H5jCR89FhJkOJEnx1Qk8dLiBRUKCA4MBBYAAgECGQECmwMCHgEWIQSMToWF
s5sETdycIRaytH18kIKcpAAA4WfPNBsPjIlDK6pGg7hVWIqZavdpHzOFgaag
DAzpB9SzDLw6kN8O5yTM3bNdRtSvjkE1c/KUFBCkMpfE8jvys08OziYEaVW5
ABmNw3iufStLfrW3LCe4kXGflEFreyT57t04tCDH+DIeFsK6BBgbCgBwBYJp
VbkACRCytH18kIKcpEUUAAAAAAAcACBzYWx0QG5vdGF0aW9ucy5vcGVucGdw
anMub3JngdlMMC+FODCctQVLi+1AurDCwFrAypEue/gsJJ+UWP0CmwwWIQSM
ToWFs5sETdycIRaytH18kIKcpAAAryOZJrOUIkXMKoA75n5T8qfLocQjvanh
Y84xN6On+jbYyV4CzlrYMRV4Ck8Ps25UiFmpcpt0UgMMIgoSAcQcbUEP
=HWQc
-----END PGP PUBLIC KEY BLOCK-----
`,
  text: `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

Origin: Debian
Suite: unstable
Codename: sid
Date: Sat, 21 Nov 2026 09:15:44 GMT
Valid-Until: Sat, 28 Nov 2026 09:15:44 GMT
Acquire-By-Hash: yes
Architectures: amd64
SHA256:
 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 203 main/binary-amd64/Packages
 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb 198 main/binary-amd64/Packages.xz

-----BEGIN PGP SIGNATURE-----

wrcEARsKAG0FgmsBYUAJELK0fXyQgpykRRQAAAAAABwAIHNhbHRAbm90YXRp
b25zLm9wZW5wZ3Bqcy5vcmeONkI8KSpMgNgnoYARol/Im1XNFZEt1hiYvbES
TteAWBYhBIxOhYWzmwRN3JwhFrK0fXyQgpykAADJmz3V+WEjrg/XVZ5r7fx1
kA510VAz8E/L3fCW7NAYh00phBIxCJWL1K59nFav1guReAtd0ubN+BCy5Xeq
W63BCQo=
=ouoz
-----END PGP SIGNATURE-----
`,
};
