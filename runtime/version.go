package runtime

// Version1 exists in every runtime that generated code of the first version can
// use. Generated code refers to it, so a mismatch does not compile.
const Version1 = 1
