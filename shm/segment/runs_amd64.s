#include "textflag.h"

// func copyRuns(dst, src, ahead unsafe.Pointer, run, rows, step int)
//
// Four registers of 16 bytes at a time, which every processor of this kind has. What is left of a
// row is copied by its last 64 bytes, some of them for the second time.
TEXT ·copyRuns(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ ahead+16(FP), R9
	MOVQ run+24(FP), CX
	MOVQ rows+32(FP), DX
	MOVQ step+40(FP), R8
	LEAQ -64(CX), BX
	TESTQ DX, DX
	JLE  done

row:
	XORQ AX, AX

line:
	PREFETCHT0 (R9)(AX*1)
	MOVOU (SI)(AX*1), X0
	MOVOU 16(SI)(AX*1), X1
	MOVOU 32(SI)(AX*1), X2
	MOVOU 48(SI)(AX*1), X3
	MOVOU X0, (DI)(AX*1)
	MOVOU X1, 16(DI)(AX*1)
	MOVOU X2, 32(DI)(AX*1)
	MOVOU X3, 48(DI)(AX*1)
	ADDQ  $64, AX
	CMPQ  AX, BX
	JLE   line
	CMPQ  AX, CX
	JEQ   next
	MOVOU (SI)(BX*1), X0
	MOVOU 16(SI)(BX*1), X1
	MOVOU 32(SI)(BX*1), X2
	MOVOU 48(SI)(BX*1), X3
	MOVOU X0, (DI)(BX*1)
	MOVOU X1, 16(DI)(BX*1)
	MOVOU X2, 32(DI)(BX*1)
	MOVOU X3, 48(DI)(BX*1)

next:
	ADDQ CX, DI
	ADDQ R8, SI
	ADDQ R8, R9
	DECQ DX
	JNZ  row

done:
	RET
