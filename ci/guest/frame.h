// The disk of results: init in the guest writes frames to it, one behind the other, lparun-ci reads them.
// A frame starts at a multiple of FRAME_ALIGN: its head, then its bytes. Numbers are big-endian.
#pragma once

#define DISK_SERIAL "lparun-ci"
#define DISK_MAGIC "lparun-ci results 1\n" // at its start, for init; behind it, at DISK_SIZE_AT, its size
#define DISK_SIZE_AT 24                    // 8 bytes
#define DISK_FRAMES_AT 4096                // the first frame
#define DISK_RESERVE 65536                 // at its end: for what says how all came out

#define FRAME_ALIGN 512
#define FRAME_MAGIC 0x4c504649u
#define FRAME_HEAD 32
#define FRAME_MOST 65536 // with its head

// Where what is in a head.
#define FRAME_AT_MAGIC 0
#define FRAME_AT_KIND 4
#define FRAME_AT_NUMBER 8  // 0 for the first, 1, ...
#define FRAME_AT_LENGTH 12 // of the bytes
#define FRAME_AT_TIME 16   // nanoseconds since the guest's kernel started
#define FRAME_AT_SUM 24    // FNV-1a, 64 bits, of the head before it and the bytes

typedef enum {
    FRAME_START = 1, // init has come to the disk: the kernel's release and version, each with a NUL
    FRAME_OUTPUT,    // bytes of standard output
    FRAME_ERRORS,    // of standard error
    FRAME_FILE,      // a file starts: 4 bytes of mode, its path
    FRAME_DATA,      // its bytes
    FRAME_LEFT,      // what could not be taken: 4 bytes of error number, its path
    FRAME_FAULT,     // why there is no result: text
    FRAME_END, // 4 bytes each: 0 exited, 1 killed; exit status or signal; 8 bytes: output that had no room
} FrameKind;

#define FRAME_SUM_START 0xcbf29ce484222325u
#define FRAME_SUM_FACTOR 0x100000001b3u

// What init reads of the initrd: records, each a letter, bytes and a NUL.
#define ORDER_FOLDER ".lparun-ci"
#define ORDER_FILE ORDER_FOLDER "/order"
#define ORDER_INIT ORDER_FOLDER "/init"
#define ORDER_PROGRAM 'p'   // a path, or a name that is looked for in PATH
#define ORDER_ARGUMENT 'a'  // from argv[0] on
#define ORDER_VARIABLE 'e'  // NAME=VALUE
#define ORDER_DIRECTORY 'd' // that it starts in
#define ORDER_MODULE 'm'    // a path, in the order in which they are loaded
#define ORDER_COLLECT 'c'   // a path of a file or folder
#define ORDER_WORDS 1024    // the most of arguments, and of variables

// What init says on the console when there can be no result; the rest of the line is why.
#define FAULT_PREFIX "lparun-ci: "
