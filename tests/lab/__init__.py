"""The lab: builds lparun and runs it on emulated POWER hosts."""
