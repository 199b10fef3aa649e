#include "textflag.h"

// func sums8(sums, data unsafe.Pointer, rows *int, count, blocks, ahead int, flip uint64)
//
// Of each block four registers of sums are held while all rows are added to them.
TEXT ·sums8(SB), NOSPLIT, $0-56
	MOVQ         sums+0(FP), DI
	MOVQ         data+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         count+24(FP), R9
	MOVQ         blocks+32(FP), DX
	MOVQ         ahead+40(FP), R10
	VPBROADCASTQ flip+48(FP), Y15
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
	LEAQ       (SI)(AX*1), BX
	PREFETCHT0 (BX)(R10*1)
	PREFETCHT0 64(BX)(R10*1)
	VPXOR      (BX), Y15, Y4
	VPXOR      32(BX), Y15, Y5
	VPXOR      64(BX), Y15, Y6
	VPXOR      96(BX), Y15, Y7
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

// func sums16(sums, data unsafe.Pointer, rows *int, count, blocks, ahead int, flip uint64)
TEXT ·sums16(SB), NOSPLIT, $0-56
	MOVQ         sums+0(FP), DI
	MOVQ         data+8(FP), SI
	MOVQ         rows+16(FP), R8
	MOVQ         count+24(FP), R9
	MOVQ         blocks+32(FP), DX
	MOVQ         ahead+40(FP), R10
	VPBROADCASTQ flip+48(FP), Y15
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
	LEAQ       (SI)(AX*1), BX
	PREFETCHT0 (BX)(R10*1)
	PREFETCHT0 64(BX)(R10*1)
	VPXOR    (BX), Y15, Y4
	VPXOR    32(BX), Y15, Y5
	VPXOR    64(BX), Y15, Y6
	VPXOR    96(BX), Y15, Y7
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

// Each of these divides sums with a sign: base is what zeros would have as their sum. Half of the divisor is
// added, one less below zero, and the shift rounds down.

// func halves8(out, sums unsafe.Pointer, blocks int, base, half, shift uint64)
TEXT ·halves8(SB), NOSPLIT, $0-48
	MOVQ         out+0(FP), DI
	MOVQ         sums+8(FP), SI
	MOVQ         blocks+16(FP), DX
	VMOVQ        base+24(FP), X15
	VPBROADCASTW X15, Y15
	VMOVQ        half+32(FP), X14
	VPBROADCASTW X14, Y14
	VMOVQ        shift+40(FP), X13
	VPCMPEQW     Y12, Y12, Y12
	VPSRLW       $8, Y12, Y12        // the lower byte of each lane

block:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VPSUBW    Y15, Y0, Y0
	VPSUBW    Y15, Y1, Y1
	VPSRAW    $15, Y0, Y2
	VPSRAW    $15, Y1, Y3
	VPADDW    Y14, Y0, Y0
	VPADDW    Y14, Y1, Y1
	VPADDW    Y2, Y0, Y0
	VPADDW    Y3, Y1, Y1
	VPSRAW    X13, Y0, Y0
	VPSRAW    X13, Y1, Y1
	VPAND     Y12, Y0, Y0
	VPAND     Y12, Y1, Y1
	VPACKUSWB Y1, Y0, Y0
	VPERMQ    $0xd8, Y0, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $64, SI
	ADDQ      $32, DI
	DECQ      DX
	JG        block
	VZEROUPPER
	RET

DATA order<>+0(SB)/4, $0
DATA order<>+4(SB)/4, $4
DATA order<>+8(SB)/4, $1
DATA order<>+12(SB)/4, $5
DATA order<>+16(SB)/4, $2
DATA order<>+20(SB)/4, $6
DATA order<>+24(SB)/4, $3
DATA order<>+28(SB)/4, $7
GLOBL order<>(SB), RODATA|NOPTR, $32

// func quarters8(out, sums unsafe.Pointer, blocks int, base, half, shift uint64)
TEXT ·quarters8(SB), NOSPLIT, $0-48
	MOVQ         out+0(FP), DI
	MOVQ         sums+8(FP), SI
	MOVQ         blocks+16(FP), DX
	VMOVQ        base+24(FP), X15
	VPBROADCASTW X15, Y15
	VMOVQ        half+32(FP), X14
	VPBROADCASTD X14, Y14
	VMOVQ        shift+40(FP), X13
	VPCMPEQD     Y12, Y12, Y12
	VPSRLW       $15, Y12, Y11       // a 1 in each sum
	VPSRLD       $24, Y12, Y12       // the lowest byte of each lane
	VMOVDQU      order<>(SB), Y10

block:
	VMOVDQU   (SI), Y0
	VMOVDQU   32(SI), Y1
	VMOVDQU   64(SI), Y2
	VMOVDQU   96(SI), Y3
	VPSUBW    Y15, Y0, Y0
	VPSUBW    Y15, Y1, Y1
	VPSUBW    Y15, Y2, Y2
	VPSUBW    Y15, Y3, Y3
	VPMADDWD  Y11, Y0, Y0
	VPMADDWD  Y11, Y1, Y1
	VPMADDWD  Y11, Y2, Y2
	VPMADDWD  Y11, Y3, Y3
	VPSRAD    $31, Y0, Y4
	VPSRAD    $31, Y1, Y5
	VPSRAD    $31, Y2, Y6
	VPSRAD    $31, Y3, Y7
	VPADDD    Y14, Y0, Y0
	VPADDD    Y14, Y1, Y1
	VPADDD    Y14, Y2, Y2
	VPADDD    Y14, Y3, Y3
	VPADDD    Y4, Y0, Y0
	VPADDD    Y5, Y1, Y1
	VPADDD    Y6, Y2, Y2
	VPADDD    Y7, Y3, Y3
	VPSRAD    X13, Y0, Y0
	VPSRAD    X13, Y1, Y1
	VPSRAD    X13, Y2, Y2
	VPSRAD    X13, Y3, Y3
	VPAND     Y12, Y0, Y0
	VPAND     Y12, Y1, Y1
	VPAND     Y12, Y2, Y2
	VPAND     Y12, Y3, Y3
	VPACKUSDW Y1, Y0, Y0
	VPACKUSDW Y3, Y2, Y2
	VPACKUSWB Y2, Y0, Y0
	VPERMD    Y0, Y10, Y0
	VMOVDQU   Y0, (DI)
	ADDQ      $128, SI
	ADDQ      $32, DI
	DECQ      DX
	JG        block
	VZEROUPPER
	RET
