#include "textflag.h"

// func sums8(sums, data unsafe.Pointer, rows *int, count, blocks int, flip uint64)
//
// Of each block four registers of sums are held while all rows are added to them.
TEXT ·sums8(SB), NOSPLIT, $0-48
	MOVQ         sums+0(FP), DI
	MOVQ         data+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         count+24(FP), R9
	MOVQ         blocks+32(FP), DX
	VPBROADCASTQ flip+40(FP), Y15
	VPCMPEQB     Y14, Y14, Y14
	VPABSB       Y14, Y14            // a 1 in each byte
	TESTQ        DX, DX
	JLE          done

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	XORQ  CX, CX

row:
	MOVQ       (R8)(CX*8), AX
	VPXOR      (SI)(AX*1), Y15, Y4
	VPXOR      32(SI)(AX*1), Y15, Y5
	VPXOR      64(SI)(AX*1), Y15, Y6
	VPXOR      96(SI)(AX*1), Y15, Y7
	VPMADDUBSW Y14, Y4, Y4
	VPMADDUBSW Y14, Y5, Y5
	VPMADDUBSW Y14, Y6, Y6
	VPMADDUBSW Y14, Y7, Y7
	VPADDW     Y4, Y0, Y0
	VPADDW     Y5, Y1, Y1
	VPADDW     Y6, Y2, Y2
	VPADDW     Y7, Y3, Y3
	INCQ       CX
	CMPQ       CX, R9
	JLT        row
	VMOVDQU    Y0, (DI)
	VMOVDQU    Y1, 32(DI)
	VMOVDQU    Y2, 64(DI)
	VMOVDQU    Y3, 96(DI)
	ADDQ       $128, DI
	ADDQ       $128, SI
	DECQ       DX
	JNZ        block
	VZEROUPPER

done:
	RET

// func sums16(sums, data unsafe.Pointer, rows *int, count, blocks int, flip uint64)
TEXT ·sums16(SB), NOSPLIT, $0-48
	MOVQ         sums+0(FP), DI
	MOVQ         data+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         count+24(FP), R9
	MOVQ         blocks+32(FP), DX
	VPBROADCASTQ flip+40(FP), Y15
	VPXOR        Y13, Y13, Y13
	TESTQ        DX, DX
	JLE          done

block:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y3, Y3, Y3
	XORQ  CX, CX

row:
	MOVQ     (R8)(CX*8), AX
	VPXOR    (SI)(AX*1), Y15, Y4
	VPXOR    32(SI)(AX*1), Y15, Y5
	VPXOR    64(SI)(AX*1), Y15, Y6
	VPXOR    96(SI)(AX*1), Y15, Y7
	VPSRLD   $16, Y4, Y8
	VPSRLD   $16, Y5, Y9
	VPSRLD   $16, Y6, Y10
	VPSRLD   $16, Y7, Y11
	VPBLENDW $0x55, Y4, Y13, Y4
	VPBLENDW $0x55, Y5, Y13, Y5
	VPBLENDW $0x55, Y6, Y13, Y6
	VPBLENDW $0x55, Y7, Y13, Y7
	VPADDD   Y8, Y0, Y0
	VPADDD   Y9, Y1, Y1
	VPADDD   Y10, Y2, Y2
	VPADDD   Y11, Y3, Y3
	VPADDD   Y4, Y0, Y0
	VPADDD   Y5, Y1, Y1
	VPADDD   Y6, Y2, Y2
	VPADDD   Y7, Y3, Y3
	INCQ     CX
	CMPQ     CX, R9
	JLT      row
	VMOVDQU  Y0, (DI)
	VMOVDQU  Y1, 32(DI)
	VMOVDQU  Y2, 64(DI)
	VMOVDQU  Y3, 96(DI)
	ADDQ     $128, DI
	ADDQ     $128, SI
	DECQ     DX
	JNZ      block
	VZEROUPPER

done:
	RET
